"""The summaries of incidents in English and French: a head that names what happened, the place, and a tail."""

from __future__ import annotations

from layers.text import Text

# Two heads a category; the phrase that names the place follows.
HEADS = {
    "armed_group_presence": (
        Text(
            "Armed men not belonging to the state were seen", "Des hommes armés n'appartenant pas à l'État ont été vus"
        ),
        Text("The presence of an armed group was reported", "La présence d'un groupe armé a été signalée"),
    ),
    "security_force_interference": (
        Text("Interference by security forces was reported", "Une ingérence des forces de sécurité a été signalée"),
        Text("Uniformed men took part in the trade", "Des hommes en uniforme ont pris part au commerce"),
    ),
    "illegal_taxation": (
        Text("Illegal taxation was reported", "Une taxation illégale a été signalée"),
        Text("Payments without a legal basis were asked for", "Des paiements sans base légale ont été exigés"),
    ),
    "roadblock_extortion": (
        Text("Extortion at a roadblock was reported", "Une extorsion à une barrière a été signalée"),
        Text("A barrier where money was taken was set up", "Une barrière où de l'argent était perçu a été érigée"),
    ),
    "violence": (
        Text("An act of violence was reported", "Un acte de violence a été signalé"),
        Text("People were attacked", "Des personnes ont été agressées"),
    ),
    "sexual_violence": (
        Text("A case of sexual violence was reported", "Un cas de violence sexuelle a été signalé"),
        Text("Sexual violence was recorded", "Une violence sexuelle a été enregistrée"),
    ),
    "abduction": (
        Text("An abduction was reported", "Un enlèvement a été signalé"),
        Text("Persons were taken away against their will", "Des personnes ont été emmenées contre leur gré"),
    ),
    "theft_or_robbery": (
        Text("A theft was reported", "Un vol a été signalé"),
        Text("A robbery of minerals or goods took place", "Un braquage de minerais ou de biens a eu lieu"),
    ),
    "depot_break_in": (
        Text("A depot was broken into", "Un dépôt a été cambriolé"),
        Text("A break-in at a store was reported", "Un cambriolage de magasin a été signalé"),
    ),
    "tag_fraud": (
        Text("Misuse of tags was found", "Un usage irrégulier d'étiquettes a été constaté"),
        Text("Tags did not match the log book", "Les étiquettes ne correspondaient pas au registre"),
    ),
    "origin_misrepresentation": (
        Text("A misrepresentation of origin was suspected", "Une fausse déclaration d'origine a été soupçonnée"),
        Text("Minerals of another origin were found", "Des minerais d'une autre origine ont été trouvés"),
    ),
    "smuggling": (
        Text("Smuggling of minerals was reported", "Une contrebande de minerais a été signalée"),
        Text("Bags without documents were stopped", "Des sacs sans documents ont été interceptés"),
    ),
    "bribery": (
        Text("A case of bribery was reported", "Un cas de corruption a été signalé"),
        Text("Money was asked for to pass documents", "De l'argent a été demandé pour viser des documents"),
    ),
    "child_labour": (
        Text("Child labour was observed", "Du travail d'enfants a été observé"),
        Text("Children carrying loads were seen", "Des enfants portant des charges ont été vus"),
    ),
    "forced_labour": (
        Text("Forced labour was reported", "Du travail forcé a été signalé"),
        Text("Miners were made to work without pay", "Des creuseurs ont été contraints de travailler sans salaire"),
    ),
    "mine_accident": (
        Text("A mine accident occurred", "Un accident minier s'est produit"),
        Text("A pit collapsed", "Un puits s'est effondré"),
    ),
    "explosives_loss_or_misuse": (
        Text("A loss or misuse of explosives was found", "Une perte ou un détournement d'explosifs a été constaté"),
        Text("Explosives were missing from the count", "Des explosifs manquaient à l'inventaire"),
    ),
    "community_conflict": (
        Text("A dispute with the community was reported", "Un conflit communautaire a été signalé"),
        Text("Residents and operators were in dispute", "Un différend a opposé riverains et exploitants"),
    ),
}

# Any of these ends any summary.
TAILS = (
    Text(". The local committee was informed.", ". Le comité local a été informé."),
    Text(". State services were asked to verify.", ". Les services de l'État ont été priés de vérifier."),
    Text(
        ". Two sources confirm it; details are being checked.",
        ". Deux sources le confirment ; les détails sont en vérification.",
    ),
    Text(". Work went on during the event.", ". Le travail s'est poursuivi pendant l'événement."),
    Text(". Activity was suspended for a day.", ". L'activité a été suspendue pendant une journée."),
    Text(". No earlier case is known at this place.", ". Aucun cas antérieur n'est connu à cet endroit."),
    Text(". It is one of several this year.", ". C'est un cas parmi plusieurs cette année."),
    Text("; the parties were heard separately.", " ; les parties ont été entendues séparément."),
    Text("; a visit to the place is planned.", " ; une visite des lieux est prévue."),
)

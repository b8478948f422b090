"""Work on files that people bring: what is done with one, and how far that has come."""

from __future__ import annotations

from layers.vocabulary.base import Vocabulary

JOB_TASK = Vocabulary(
    "job_task",
    open=("look into the file", "examiner le fichier"),
    check=("preview", "aperçu"),
    write=("import", "import"),
    undo=("undo", "annulation"),
)
JOB_STATE = Vocabulary(
    "job_state",
    asking=("needs a table", "table à choisir"),
    waiting=("waiting", "en attente"),
    running=("running", "en cours"),
    ready=("ready to accept", "prêt à accepter"),
    done=("done", "terminé"),
    refused=("refused", "refusé"),
    left=("left", "abandonné"),
    cancelled=("cancelled", "interrompu"),
    failed=("failed", "échoué"),
)
REPAIR = Vocabulary(
    "repair",
    geometry=("geometry mended", "géométrie réparée"),
    text=("text mended", "texte réparé"),
    crs=("system or axes guessed", "système ou axes devinés"),
)
DEED = Vocabulary(
    "deed",
    insert=("added", "ajout"),
    update=("changed", "modification"),
    unchanged=("unchanged", "inchangé"),
    delete=("removed", "suppression"),
)
BATCH_KIND = Vocabulary(
    "batch_kind",
    file=("file", "fichier"),
    edit=("by hand", "à la main"),
    merge=("merge", "fusion"),
)

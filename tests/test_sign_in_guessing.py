"""Guessing a password is slowed where it comes from; the owner of the account is let in meanwhile."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from importing import ask
from signing_in import ELSEWHERE, OFFICE, browser_at, give_password, guess, guesser_at, sign_in, who
from sqlalchemy import Engine, text

from geoapp.access import sign_in as module
from geoapp.access.sealer import seal_once
from geoapp.settings import Settings
from geoapp.web.session import COOKIE

# The last numbers of each account and address.
TOLD = (
    "SELECT object, max((after ->> 'failures')::integer), max((after ->> 'refused')::integer)"
    " FROM audit_event WHERE what = 'sign_in_failed' GROUP BY object ORDER BY object"
)
GUESSERS = ("192.0.2.1", "192.0.2.2")


@pytest.fixture(autouse=True)
def known(engine: Engine) -> None:
    """The analyst has a password."""
    give_password(engine, "analyst")


def sign_out(client: object) -> None:
    """End the session as a closed browser does; what the browser is known by stays."""
    client.delete_cookie(COOKIE)  # type: ignore[attr-defined]


def test_a_thousand_guesses_from_two_addresses_keep_nobody_out(
    app: Flask, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = []
    verify = module.verify
    monkeypatch.setattr(module, "verify", lambda *given: hashed.append(1) or verify(*given))
    began = time.monotonic()
    guessers = [guesser_at(app, address) for address in GUESSERS]
    answers = [guess(guessers[number % 2], "analyst").status_code for number in range(1000)]
    assert time.monotonic() - began < 60
    assert set(answers) == {422, 429}
    # Five are free for each address, then each waits longer than the one before; none of the others costs a hash.
    assert answers.count(422) == len(hashed) <= 24

    # The owner is let in at once: from an address of their own, where they had never been before.
    assert sign_in(browser_at(app, OFFICE), "analyst").status_code == 303

    # What the sealer does each minute.
    with engine.begin() as connection:
        module.note_sign_ins(connection)
    told = ask(engine, TOLD)
    assert [place for place, _, _ in told] == [f"app_user/analyst from {address}" for address in GUESSERS]
    assert all(failures >= 5 for _, failures, _ in told)
    assert sum(failures + refused for _, failures, refused in told) == 1000
    assert ask(engine, "SELECT count(*) < 60 FROM audit_event WHERE what = 'sign_in_failed'") == [(True,)]


@pytest.mark.parametrize("last", ["minute", "right password", "hour"])
def test_what_was_turned_away_is_told_before_it_is_forgotten(app: Flask, engine: Engine, last: str) -> None:
    guesser = guesser_at(app, OFFICE)
    for _ in range(15):
        guess(guesser, "analyst")
    (counted,) = ask(engine, "SELECT failures, refused FROM sign_in_count WHERE account <> '' AND origin <> ''")
    assert sum(counted) == 15
    with engine.begin() as connection:
        if last == "minute":
            module.note_sign_ins(connection)
        else:
            connection.execute(text("UPDATE sign_in_count SET open_at = now() - interval '1 s'"))
        if last == "hour":
            connection.execute(text("UPDATE sign_in_count SET last_at = now() - interval '61 minutes'"))
    if last != "minute":
        assert sign_in(browser_at(app, OFFICE), "analyst").status_code == 303
        assert not ask(engine, "SELECT FROM sign_in_count WHERE account <> '' AND origin <> ''")
    told = [(f"app_user/analyst from {OFFICE}", *counted)]
    assert ask(engine, TOLD) == told

    # Nothing is told twice.
    before = ask(engine, "SELECT count(*) FROM audit_event WHERE what = 'sign_in_failed'")
    with engine.begin() as connection:
        module.note_sign_ins(connection)
    assert ask(engine, "SELECT count(*) FROM audit_event WHERE what = 'sign_in_failed'") == before


def test_what_waits_is_sealed_with_the_rest(app: Flask, engine: Engine, settings: Settings) -> None:
    guesser = guesser_at(app, OFFICE)
    for _ in range(12):
        guess(guesser, "nobody")
    seal_once(engine, settings)
    ((place, failures, refused),) = ask(engine, TOLD)
    # What was typed could be a password.
    assert (place, failures + refused) == (f"app_user from {OFFICE}", 12)
    assert ask(
        engine,
        "SELECT count(*) FROM audit_event WHERE what = 'sign_in_failed'"
        " AND NOT audit_event_id = ANY (SELECT unnest(event_ids) FROM audit_seal)",
    ) == [(0,)]


def test_attempts_at_once_do_not_outrun_the_count(app: Flask) -> None:
    guessers = [guesser_at(app, GUESSERS[0]) for _ in range(12)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda guesser: guess(guesser, "analyst").status_code, guessers))
    assert sorted(answers) == [422] * 5 + [429] * 7


def test_the_answer_says_how_long_to_wait(app: Flask) -> None:
    guesser = guesser_at(app, GUESSERS[0])
    for _ in range(5):
        assert guess(guesser, "analyst").status_code == 422
    answer = guess(guesser, "analyst")
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 2
    assert "There were too many attempts. Try again in" in answer.text


def test_a_name_that_nobody_has_is_slowed_alike(app: Flask) -> None:
    guesser = guesser_at(app, GUESSERS[0])
    known, unknown = ([guess(guesser, name).status_code for _ in range(7)] for name in ("gis-cd", "nobody"))
    assert known == unknown == [422] * 5 + [429] * 2


def test_the_right_password_is_not_looked_at_while_guessing_is_slowed(app: Flask) -> None:
    """Or a guesser would learn it by being let in."""
    guesser = guesser_at(app, GUESSERS[0])
    for _ in range(6):
        guess(guesser, "analyst")
    assert sign_in(guesser, "analyst").status_code == 429
    assert who(guesser) is None


def test_a_browser_that_is_known_does_not_wait_behind_a_guesser_in_the_same_office(app: Flask) -> None:
    owner = browser_at(app, OFFICE)
    assert sign_in(owner, "analyst").status_code == 303
    sign_out(owner)
    guesser = guesser_at(app, OFFICE)
    for _ in range(8):
        guess(guesser, "analyst")
    assert guess(guesser, "analyst").status_code == 429
    assert sign_in(owner, "analyst").status_code == 303


def test_a_known_browser_has_an_end_of_guesses_too(app: Flask) -> None:
    owner = browser_at(app, OFFICE)
    sign_in(owner, "analyst")
    sign_out(owner)
    answers = [sign_in(owner, "analyst", "wrong-wrong-wrong").status_code for _ in range(20)]
    # Ten of its own, then five as from any address.
    assert answers == [422] * 15 + [429] * 5


def test_guesses_from_many_addresses_slow_strangers_alone(app: Flask, engine: Engine) -> None:
    at_home = browser_at(app, ELSEWHERE)
    sign_in(at_home, "analyst")
    for number in range(60):
        guess(guesser_at(app, f"192.0.2.{number + 10}"), "analyst")
    assert sign_in(browser_at(app, "192.0.2.200"), "analyst").status_code == 429
    # Another browser at an address where the owner had signed in before.
    assert sign_in(browser_at(app, ELSEWHERE), "analyst").status_code == 303
    give_password(engine, "gis-cd")
    assert sign_in(browser_at(app, "192.0.2.200"), "gis-cd").status_code == 303


def test_one_address_that_tries_many_names_is_slowed(app: Flask) -> None:
    guesser = guesser_at(app, GUESSERS[0])
    answers = [guess(guesser, f"name-{number}").status_code for number in range(60)]
    assert answers[:50] == [422] * 50
    assert set(answers[50:]) == {429}


def test_an_hour_forgives(app: Flask, engine: Engine) -> None:
    guesser = guesser_at(app, GUESSERS[0])
    for _ in range(8):
        guess(guesser, "analyst")
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE sign_in_count SET last_at = now() - interval '61 minutes', open_at = now() - interval '1 s'")
        )
    assert guess(guesser, "analyst").status_code == 422


def test_names_that_were_typed_are_not_kept(app: Flask, engine: Engine) -> None:
    """People type a password where the name belongs."""
    guess(guesser_at(app, GUESSERS[0]), "my-secret-password")
    kept = ask(engine, "SELECT account, origin FROM sign_in_count") + ask(
        engine, "SELECT object, coalesce(before::text, '') || coalesce(after::text, '') FROM audit_event"
    )
    assert "my-secret" not in str(kept)

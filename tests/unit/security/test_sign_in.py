import pytest

from termserver.curation.people import any_person, change_password, change_person, create_person, reset_password
from termserver.errors import BadInput, Conflict, Forbidden, NotSignedIn
from termserver.model.person import Role
from termserver.security.sign_in import person_for_token, sign_in, sign_out
from termserver.store.engine import Database
from tests.builders import person

PASSWORD = "correct horse battery"


def test_the_right_password_opens_and_signing_out_closes(database: Database) -> None:
    with database.session(write=True) as session:
        assert not any_person(session)
        anna = person(session, "anna", Role.MAPPER)
        assert any_person(session)
        signed_in = sign_in(session, " Anna ", PASSWORD)
        assert signed_in is not None
        who, token = signed_in
        assert who == anna
        assert person_for_token(session, token) == anna
        assert person_for_token(session, token + "x") is None
        sign_out(session, token)
        assert person_for_token(session, token) is None


def test_guessing_is_slowed_down_for_known_and_unknown_logins(database: Database) -> None:
    with database.session(write=True) as session:
        person(session, "anna", Role.MAPPER)
        for login in ("anna", "nobody"):
            for _ in range(5):
                assert sign_in(session, login, "wrong password") is None
            with pytest.raises(NotSignedIn, match="Too many failed"):
                sign_in(session, login, PASSWORD)


def test_a_new_password_ends_the_sign_ins(database: Database) -> None:
    with database.session(write=True) as session:
        anna = person(session, "anna", Role.MAPPER)
        signed_in = sign_in(session, "anna", PASSWORD)
        assert signed_in is not None
        with pytest.raises(BadInput, match="present password"):
            change_password(session, anna, old="nonsense", new="another long one")
        change_password(session, anna, old=PASSWORD, new="another long one")
        assert person_for_token(session, signed_in[1]) is None
        reset_password(session, None, "anna", "yet another one")
        assert sign_in(session, "anna", "yet another one") is not None


def test_an_inactive_person_does_not_get_in(database: Database) -> None:
    with database.session(write=True) as session:
        root = person(session, "root", Role.ADMINISTRATOR)
        person(session, "anna", Role.MAPPER)
        change_person(session, root, "anna", active=False)
        assert sign_in(session, "anna", PASSWORD) is None


def test_the_last_administrator_stays(database: Database) -> None:
    with database.session(write=True) as session:
        root = person(session, "root", Role.ADMINISTRATOR)
        with pytest.raises(Conflict, match="last administrator"):
            change_person(session, root, "root", role=Role.VIEWER)


def test_people_are_checked(database: Database) -> None:
    with database.session(write=True) as session:
        anna = person(session, "anna", Role.MAPPER)
        with pytest.raises(Conflict, match="taken"):
            person(session, "anna", Role.MAPPER)
        with pytest.raises(BadInput, match="at least 10"):
            create_person(session, None, login="bo", name="Bo", password="short")
        with pytest.raises(BadInput, match="login"):
            create_person(session, None, login="b o", name="Bo", password=PASSWORD)
        with pytest.raises(Forbidden):
            create_person(session, anna, login="bo", name="Bo", password=PASSWORD)

"""A card is one training's at a time, and free again when that one falls silent."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hemline.store.database.engine import Store
from hemline.store.models.card_claims import claim_card, release_card, renew_card

CARD = "GPU-7f0c"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def _claim(store: Store, owner: str, seconds: float, *, card: str = CARD) -> bool:
    with store.session() as session:
        return claim_card(session, card, owner, 30, now=NOON + timedelta(seconds=seconds))


def _renew(store: Store, owner: str, seconds: float) -> bool:
    with store.session() as session:
        return renew_card(session, CARD, owner, 30, now=NOON + timedelta(seconds=seconds))


def test_a_card_is_one_owner_s_until_its_lease_lapses(store: Store) -> None:
    assert _claim(store, "first", 0)
    assert not _claim(store, "second", 30)
    assert not _claim(store, "first", 1), "each claim is by another owner, so it is taken"
    assert _claim(store, "second", 30.001)
    assert not _renew(store, "first", 31)
    assert _renew(store, "second", 31)


def test_cards_are_claimed_apart(store: Store) -> None:
    assert _claim(store, "first", 0)
    assert _claim(store, "first", 0, card="GPU-7f0d")


def test_a_renewed_claim_is_kept_and_a_late_renewal_too_if_nobody_took_the_card(
    store: Store,
) -> None:
    assert _claim(store, "first", 0)
    assert _renew(store, "first", 25)
    assert not _claim(store, "second", 50)
    assert _renew(store, "first", 100)
    assert not _claim(store, "second", 125)


def test_only_its_owner_gives_a_card_back(store: Store) -> None:
    assert _claim(store, "first", 0)
    with store.session() as session:
        release_card(session, CARD, "second")
    assert not _claim(store, "second", 1)
    with store.session() as session:
        release_card(session, CARD, "first")
    assert _claim(store, "second", 1)
    assert not _renew(store, "first", 2)


def test_a_claim_from_before_the_clock_was_put_back_has_lapsed(store: Store) -> None:
    assert _claim(store, "first", 24 * 3600)
    assert _claim(store, "second", 0)


def test_one_of_many_processes_gets_the_card(store: Store, store_url: str, contenders: Any) -> None:
    owners = [f"process-{number}" for number in range(5)]
    for card in ("GPU-0", "GPU-1", "GPU-2"):
        results = contenders.run(store_url, "claim_card", [(card, owner) for owner in owners])
        assert sorted(results) == [False] * 4 + [True]
        with store.session() as session:
            assert renew_card(session, card, owners[results.index(True)], 30)

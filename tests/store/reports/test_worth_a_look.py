"""Which labels are worth a look, and which garments a training waits for."""

from sqlalchemy.orm import Session

from hemline.store.database.engine import Store
from hemline.store.loop.splits import assign_split
from hemline.store.loop.tasks import upsert_task
from hemline.store.models.readiness import readiness
from hemline.store.reports.gold_wanted import gold_wanted
from hemline.store.reports.worth_a_look import worth_a_look
from hemline.store.review.write_order import RankedItem, write_items
from hemline.store.states import ReviewKind
from hemline.store.tables.loop import Project, Task


def _risks(session: Session, project: Project, risks: list[float]) -> None:
    for number, risk in enumerate(risks, start=1):
        task = upsert_task(
            session,
            project.id,
            ls_task_id=number,
            data={"image": "a"},
            image_url="a",
            garment=f"G{number}",
            view="Front",
        )
        write_items(session, [RankedItem(project.id, task.id, ReviewKind.LABEL, risk, "a" * 64)])


def test_as_many_labels_as_are_half_wrong_are_worth_a_look(store: Store, project: Project) -> None:
    with store.session() as session:
        assert worth_a_look(session, project.id).number == 0
        _risks(session, project, [0.9, 0.6, 0.4, 0.31, 0.31, 0.31, 0.29, 0.0])
        worth = worth_a_look(session, project.id)
    # 0.9, 0.6, 0.4 and 0.31 have a mean of 0.55; with all of 0.31 it is 0.47.
    assert (worth.number, worth.least_risk) == (3, 0.4)
    assert abs(worth.expected_wrong - 1.9) < 1e-6


def test_labels_that_are_all_likely_right_are_not(store: Store, project: Project) -> None:
    with store.session() as session:
        _risks(session, project, [0.45] * 22)
        worth = worth_a_look(session, project.id)
    assert (worth.number, worth.expected_wrong) == (0, 0.0)
    assert worth.least_risk > 1


def test_the_garments_that_a_training_waits_for_are_named(store: Store, project: Project) -> None:
    with store.session() as session:
        _risks(session, project, [0.1] * 12)
        first = session.query(Task).filter_by(ls_task_id=1).one()
        assign_split(session, first.id, gold_share=0.25, validation_share=0.1, gold_minimum=5)
        ready = readiness(session, project, retrain_after=20, gold_minimum=5)
        wanted = gold_wanted(session, project, ready, gold_share=0.25, validation_share=0.1)
    assert wanted is not None
    assert wanted.missing == 5
    # The first is gold and its correction is gone; of the six after it, four will be gold.
    assert wanted.garments == 1 + 6
    assert [task.garment for task in wanted.tasks] == ["G1", "G2", "G3", "G4", "G5"]

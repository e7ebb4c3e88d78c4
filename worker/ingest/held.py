"""Confirms saves that are held as lost work: they are corrections from then on."""

from hemline.errors import StoreError
from hemline.masks.png import decode_class_mask
from hemline.store.database.clock import database_now
from hemline.store.loop.corrections import held_annotations
from hemline.store.loop.garments import settle_garments
from hemline.store.loop.splits import assign_split
from hemline.store.tables.loop import Project
from worker.services import Services


def confirm_held(services: Services, project: Project, ls_task_id: int) -> int:
    """Takes the task's held annotations as what they are; returns how many there were.

    Raises:
        StoreError: the task has none.
        ArtifactError: a mask is gone or damaged.
    """
    settle_garments(services.store, project.id)
    with services.store.session() as session:
        held = held_annotations(session, project.id, ls_task_id)
        if not held:
            raise StoreError(
                f"task {ls_task_id} of project {project.ls_project_id} has no save that is held; "
                "`hemline problems` lists those that are"
            )
        for row in held:
            assert row.held_digest is not None
            mask = decode_class_mask(services.artifacts.get(row.held_digest))
            row.mask_digest = row.last_mask_digest = row.held_digest
            row.height, row.width = mask.shape
            row.problem = None
            row.changed_at = database_now(session)
            assign_split(
                session,
                row.task_id,
                gold_share=services.settings.gold_share,
                validation_share=services.settings.validation_share,
                gold_minimum=services.settings.gold_minimum,
            )
    services.sender.send("worker.signals", queue="housekeeping")
    return len(held)

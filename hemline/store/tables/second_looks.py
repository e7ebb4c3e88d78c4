"""The tables of second looks at labels: those sent back to their annotators, and blind twins."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hemline.store.database.clock import DatabaseTime
from hemline.store.database.columns import Base, Sentence, Words
from hemline.store.states import ReturnState
from hemline.store.tables.loop import Annotation, Task


class ReturnedLabel(Base):
    """A label that a reviewer sent back to the one who made it, and what became of it."""

    __tablename__ = "returned_label"
    __table_args__ = (
        Index("ix_returned_label_state", "project_id", "state"),
        Index("ix_returned_label_shown_to", "project_id", "shown_to"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"), index=True)
    annotation_id: Mapped[int | None] = mapped_column(
        ForeignKey("annotation.id", ondelete="SET NULL"), index=True
    )
    annotator: Mapped[str] = mapped_column(Words(255))
    content_digest: Mapped[str] = mapped_column(Words(64))  # of the label that was sent back
    saved_at: Mapped[datetime | None]  # the last save before, as Label Studio dates it
    comment: Mapped[str] = mapped_column(Sentence(), default="")
    sent_by: Mapped[str] = mapped_column(Words(255))
    sent_at: Mapped[datetime] = mapped_column(default=DatabaseTime())
    state: Mapped[ReturnState] = mapped_column(default=ReturnState.WAITING)
    ended_at: Mapped[datetime | None]  # it waits no longer
    shown_to: Mapped[str | None] = mapped_column(Words(255))  # whose tab shows it; None: no tab

    task: Mapped[Task] = relationship()
    annotation: Mapped[Annotation | None] = relationship()


class BlindTwin(Base):
    """A photo that somebody else draws without seeing any mask of it, in a project of its own in
    Label Studio: no task of ours, so it is never trained on and no garment's second photo."""

    __tablename__ = "blind_twin"
    __table_args__ = (Index("ix_blind_twin_compared", "project_id", "compared_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"), index=True)
    annotation_id: Mapped[int | None] = mapped_column(  # the label that it is compared with
        ForeignKey("annotation.id", ondelete="SET NULL"), index=True
    )
    annotator: Mapped[str] = mapped_column(Words(255))  # who made that label
    asked_of: Mapped[str] = mapped_column(Words(255), default="")  # "": of anybody else
    asked_by: Mapped[str] = mapped_column(Words(255))
    asked_at: Mapped[datetime] = mapped_column(default=DatabaseTime())
    ls_task_id: Mapped[int | None]  # in the twins' project
    problem: Mapped[str | None] = mapped_column(Sentence())  # why it waits
    drawn_by: Mapped[str] = mapped_column(Words(255), default="")
    compared_at: Mapped[datetime | None]
    dice: Mapped[float | None]  # of the two masks, foreground, 0 to 1
    outline_px: Mapped[float | None]  # 95 % of the outlines are this near to one another

    task: Mapped[Task] = relationship()
    annotation: Mapped[Annotation | None] = relationship()

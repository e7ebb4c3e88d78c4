"""The table of what channels say of cut-outs."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hemline.store.database.clock import DatabaseTime
from hemline.store.database.columns import Base, Sentence, Words
from hemline.store.states import ChannelOutcome
from hemline.store.tables.loop import Annotation, Prediction, Task


class ChannelResult(Base):
    """What a channel says of a task's cut-out, as the mask was when it was checked."""

    __tablename__ = "channel_result"
    __table_args__ = (
        UniqueConstraint("task_id", "pack"),
        Index("ix_channel_result_listed", "project_id", "pack", "outcome", "task_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"))
    annotation_id: Mapped[int | None] = mapped_column(  # whose mask it is; None: a prediction's
        ForeignKey("annotation.id", ondelete="SET NULL"), index=True
    )
    prediction_id: Mapped[int | None] = mapped_column(
        ForeignKey("prediction.id", ondelete="SET NULL"), index=True
    )
    pack: Mapped[str] = mapped_column(Words(60))
    edge: Mapped[str] = mapped_column(Words(16))  # of the cut-out
    key: Mapped[str] = mapped_column(Words(64))  # digest of all that the result follows from
    outcome: Mapped[ChannelOutcome]
    refused_by: Mapped[str] = mapped_column(Words(255), default="")  # "|fill|size|"
    says: Mapped[str] = mapped_column(Sentence(), default="")  # a sentence a line
    checked_at: Mapped[datetime] = mapped_column(default=DatabaseTime())

    task: Mapped[Task] = relationship()
    annotation: Mapped[Annotation | None] = relationship()
    prediction: Mapped[Prediction | None] = relationship()

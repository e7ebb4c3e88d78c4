"""The table of clicks in open tasks."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hemline.store.database.clock import DatabaseTime
from hemline.store.database.columns import Base, Words


class AnsweredClick(Base):
    """A click or a box on an open task that was answered, and the annotation it ended up in."""

    __tablename__ = "answered_click"

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"), index=True)
    annotation_id: Mapped[int | None] = mapped_column(
        ForeignKey("annotation.id", ondelete="SET NULL"), index=True
    )
    annotator: Mapped[str] = mapped_column(Words(255), default="")  # Label Studio's id, if known
    is_box: Mapped[bool]
    pixels_digest: Mapped[str] = mapped_column(Words(64))  # of the region as it was answered
    answered_at: Mapped[datetime] = mapped_column(default=DatabaseTime())

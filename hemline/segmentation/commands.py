"""`hemline train`, `evaluate` and `predict`, each from its own file."""

import typer

from hemline.segmentation.evaluate_command import evaluate_command
from hemline.segmentation.predict_command import predict_command
from hemline.segmentation.train_command import train_command

app = typer.Typer()
app.command("train")(train_command)
app.command("evaluate")(evaluate_command)
app.command("predict")(predict_command)

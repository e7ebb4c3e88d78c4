"""`hemline train`, `evaluate` and `predict`, each from its own file."""

import typer

from hemline.segmentation.commands.evaluate import evaluate_command
from hemline.segmentation.commands.predict import predict_command
from hemline.segmentation.commands.train import train_command

app = typer.Typer()
app.command("train")(train_command)
app.command("evaluate")(evaluate_command)
app.command("predict")(predict_command)

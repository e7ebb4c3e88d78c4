"""What `label-studio-ml start` runs, and uWSGI or gunicorn as `_wsgi:app`."""

import argparse
import os
import tempfile

from label_studio_ml.api import init_app
from model import HemlineModel

# label-studio-ml writes each webhook into a folder here; the adapter removes it.
app = init_app(
    model_class=HemlineModel, model_dir=os.environ.get("MODEL_DIR") or tempfile.mkdtemp()
)

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("-p", "--port", type=int, default=9091)  # 9090 is Hemline's own
    parser.add_argument("--host", default="127.0.0.1")
    options = parser.parse_args()
    app.run(host=options.host, port=options.port, threaded=True)

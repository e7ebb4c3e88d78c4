"""Work without anybody lets those go first who wait, and does not wait for ever."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from hemline.system.people_wait import Crowd, PeopleWait, let_people_go_first

LONG = 30.0


def test_nobody_waits(tmp_path: Path) -> None:
    assert let_people_go_first(tmp_path / "no such folder", longest_s=LONG) < 1
    people = PeopleWait(tmp_path)
    with people.somebody():
        pass
    assert let_people_go_first(tmp_path, longest_s=LONG) < 1


def test_the_last_who_waits_lets_it_go_on(tmp_path: Path) -> None:
    here, elsewhere = PeopleWait(tmp_path), PeopleWait(tmp_path)  # two backends of one home
    ended = threading.Event()

    def work() -> None:
        let_people_go_first(tmp_path, longest_s=LONG)
        ended.set()

    thread = threading.Thread(target=work)
    with elsewhere.somebody():
        with here.somebody(), here.somebody():
            thread.start()
            assert not ended.wait(0.3)
        assert not ended.wait(0.3)
    assert ended.wait(10)
    thread.join()


def test_it_goes_on_after_a_while_whoever_waits(tmp_path: Path) -> None:
    with PeopleWait(tmp_path).somebody():
        assert 0.2 <= let_people_go_first(tmp_path, longest_s=0.2) < 10


def test_a_process_that_is_killed_waits_no_more(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path\n"
        "from hemline.system.people_wait import PeopleWait\n"
        "with PeopleWait(Path(sys.argv[1])).somebody():\n"
        "    print('waits', flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"waits\n"
    assert let_people_go_first(tmp_path, longest_s=0.2) >= 0.2
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert let_people_go_first(tmp_path, longest_s=LONG) < LONG / 2


def test_where_no_file_can_be_made_nothing_is_lost(tmp_path: Path) -> None:
    people = PeopleWait(tmp_path / "no such folder")
    with people.somebody(), people.somebody():
        assert let_people_go_first(tmp_path, longest_s=LONG) < 1


def test_a_few_at_once_keep_nobody_waiting(tmp_path: Path) -> None:
    crowd = Crowd(PeopleWait(tmp_path), few=2)
    with crowd.joined(), crowd.joined():
        assert let_people_go_first(tmp_path, longest_s=LONG) < 1
        with crowd.joined():
            assert let_people_go_first(tmp_path, longest_s=0.2) >= 0.2
        assert let_people_go_first(tmp_path, longest_s=LONG) < 1
    with crowd.joined(), crowd.joined():
        assert let_people_go_first(tmp_path, longest_s=LONG) < 1

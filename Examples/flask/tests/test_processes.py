"""How many daemons there are, and when they end: with real gunicorn and Flask."""

import os
import re
import shutil
import signal

from .harness import EXAMPLE, LIMIT, STARTED, World, is_alive, parent_of, wait_for


class GunicornTests(World):
    def workers(self):
        return {int(pid) for pid in re.findall(r"Booting worker with pid: (\d+)", self.text("server.log"))}

    def wait_for_waiting(self, count):
        """Waits until so many processes have said that they wait for the one that has the daemon."""
        pattern = r"\[(\d+)\] waiting: another process"
        wait_for("%d waiting workers" % count, lambda: len(set(re.findall(pattern, self.text("server.log")))) >= count)

    def end(self, server, number):
        """Ends the server, by TERM or by KILL of all its processes, and waits for it."""
        if number == signal.SIGKILL:
            os.killpg(server.pid, number)
        else:
            server.send_signal(number)
        wait_for("end of the server", lambda: server.poll() is not None)

    def test_four_workers_have_one_daemon_that_ends_with_TERM(self):
        server = self.gunicorn("-w", "4")
        daemon = self.wait_for_daemon()
        self.wait_for_waiting(3)
        self.assertEqual(self.daemons(), [daemon])
        self.assertIn(parent_of(daemon), self.workers())
        self.end(server, signal.SIGTERM)
        self.assertEqual(server.returncode, 0)
        self.wait_for_no_daemon()
        self.assertIn("Model retrain monitor stopped.", self.log)
        self.assertNotIn("Traceback", self.text("server.log"))

    def test_daemon_drains_when_the_whole_server_is_killed(self):
        server = self.gunicorn("-w", "4")
        self.wait_for_daemon()
        self.wait_for_waiting(3)
        self.end(server, signal.SIGKILL)
        self.wait_for_no_daemon()
        self.assertEqual(self.log.count(STARTED), 1)
        self.assertIn("Model retrain monitor stopped.", self.log)
        wait_for("end of the shell beside it", lambda: self.leftovers() == [self.processes[0].pid])

    def test_another_worker_takes_over_when_the_owner_is_killed(self):
        self.gunicorn("-w", "4")
        first = self.wait_for_daemon()
        self.wait_for_waiting(3)
        owner = parent_of(first)
        os.kill(owner, signal.SIGKILL)
        second = self.wait_for_daemon(starts=2)
        self.assertNotEqual(first, second)
        self.assertFalse(is_alive(first))
        self.assertNotEqual(parent_of(second), owner)
        self.assertIn(parent_of(second), self.workers())

    def test_daemon_that_dies_is_started_again(self):
        self.gunicorn("-w", "1")
        first = self.wait_for_daemon()
        os.kill(first, signal.SIGKILL)
        second = self.wait_for_daemon(starts=2)
        self.assertNotEqual(first, second)

    def test_reload_leaves_one_daemon(self):
        server = self.gunicorn("-w", "2")
        self.wait_for_daemon()
        self.wait_for_waiting(1)
        before = self.workers()
        server.send_signal(signal.SIGHUP)
        wait_for("new workers", lambda: len(self.workers() - before) == 2)
        wait_for("end of the old workers", lambda: not any(is_alive(pid) for pid in before))
        daemon = self.wait_for_daemon(starts=2)
        self.assertIn(parent_of(daemon), self.workers() - before)

    def test_preload_gives_the_daemon_to_the_master(self):
        server = self.gunicorn("-w", "2", "--preload")
        daemon = self.wait_for_daemon()
        self.assertEqual(parent_of(daemon), server.pid)
        before = wait_for("workers", lambda: len(self.workers()) == 2 and self.workers())
        self.assertEqual(wait_for("answer", lambda: self.get("/")[1])["monitor"], "inherited")
        os.kill(min(before), signal.SIGKILL)
        wait_for("new worker", lambda: self.workers() - before)
        self.assertEqual(self.daemons(), [daemon])
        # The master alone: its workers see it and end, and have no end of the pipe meanwhile.
        server.kill()
        self.wait_for_no_daemon()
        wait_for("end of the workers", lambda: not any(is_alive(pid) for pid in self.workers()))
        self.assertEqual(self.log.count(STARTED), 1)

    def test_preloaded_server_ends_with_its_daemon(self):
        server = self.gunicorn("-w", "2", "--preload", "--threads", "2")
        self.wait_for_daemon()
        wait_for("workers", lambda: len(self.workers()) == 2)
        self.end(server, signal.SIGTERM)
        self.assertEqual(server.returncode, 0)
        self.wait_for_no_daemon()
        self.assertIn("Model retrain monitor stopped.", self.log)

    def test_gevent_workers(self):
        server = self.gunicorn("-w", "2", "-k", "gevent")
        first = self.wait_for_daemon()
        self.wait_for_waiting(1)
        self.assertEqual(self.get("/stats"), (200, []))
        os.kill(parent_of(first), signal.SIGKILL)
        self.wait_for_daemon(starts=2)
        self.end(server, signal.SIGTERM)
        self.assertEqual(server.returncode, 0)
        self.wait_for_no_daemon()
        self.assertEqual(self.log.count("Model retrain monitor stopped."), 2)
        self.assertNotIn("Traceback", self.text("server.log"))

    def test_daemon_of_somebody_else_is_waited_for(self):
        stranger = self.start(
            [self.environment["RETRAIND"], "run", "--state-dir", self.state], "stranger.log", self.environment)
        self.assertEqual(self.wait_for_daemon(), stranger.pid)
        self.gunicorn("-w", "1")
        wait_for("worker that tries", lambda: "another retraind has" in self.text("server.log"))
        self.assertEqual(self.get("/")[0], 200)
        self.assertIn(stranger.pid, self.daemons())
        stranger.terminate()
        stranger.wait(LIMIT)
        self.assertNotEqual(self.wait_for_daemon(starts=2), stranger.pid)

    def test_application_without_the_program(self):
        self.gunicorn("-w", "1", environment={**self.environment, "RETRAIND": "retraind-that-is-nowhere"})
        status, answer = wait_for("answer", lambda: self.get("/")[0] and self.get("/"))
        self.assertEqual((status, answer["monitor"]), (200, "missing"))
        self.assertIn("make install", answer["problem"])
        self.assertIn("retraind-that-is-nowhere is not installed", self.text("server.log"))
        self.assertEqual(self.get("/stats")[0], 503)
        self.assertEqual(self.daemons(), [])


class FlaskServerTests(World):
    def test_flask_run_has_one_daemon_that_ends_with_it(self):
        server = self.flask()
        daemon = self.wait_for_daemon()
        self.assertEqual(parent_of(daemon), server.pid)
        answer = wait_for("answer", lambda: self.get("/")[1])
        self.assertEqual((answer["monitor"], answer["daemon"]), ("running", daemon))
        # As Ctrl-C in a terminal: to the whole group, which the daemon is not part of, so that it is asked once.
        self.assertNotEqual(os.getpgid(daemon), os.getpgid(server.pid))
        os.killpg(server.pid, signal.SIGINT)
        server.wait(LIMIT)
        self.wait_for_no_daemon()
        self.assertIn("Model retrain monitor stopped.", self.log)
        self.assertNotIn("second signal", self.log)

    def test_reloader_has_one_daemon_before_and_after_a_reload(self):
        application = os.path.join(self.directory, "application")
        os.mkdir(application)
        for name in ("app.py", "retrain_monitor.py"):
            shutil.copy(os.path.join(EXAMPLE, name), application)
        self.environment["PYTHONPATH"] = application
        server = self.flask("--debug", app=os.path.join(application, "app.py"))
        daemon = self.wait_for_daemon()
        pattern = r"\[(\d+)\] waiting: another process"
        first = wait_for("second process", lambda: re.findall(pattern, self.text("server.log")))[0]
        # What serves has looked at its files already.
        wait_for("answer", lambda: self.get("/")[1])
        with open(os.path.join(application, "app.py"), "a") as file:
            file.write("\n# changed\n")
        wait_for("reload", lambda: set(re.findall(pattern, self.text("server.log"))) - {first})
        self.assertEqual(self.daemons(), [daemon])
        self.assertEqual(wait_for("answer", lambda: self.get("/")[1])["monitor"], "waiting")
        os.killpg(server.pid, signal.SIGKILL)
        self.wait_for_no_daemon()
        self.assertEqual(self.log.count(STARTED), 1)

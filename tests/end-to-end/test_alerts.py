"""Alerts reach a real mail server and a webhook receiver; neither way holds up the other."""

import base64
import email
import email.policy
import email.utils
import hashlib
import hmac
import time
import unittest

from harness import Story, wait_for

SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes of a good secret").decode()

CONFIG = """
[account.main]
api_key_env = "VAST_API_KEY"
url = "${api}"
poll_interval = "1s"
request_interval = "10ms"
[defaults]
idle_action = "off"
cap_action = "alert"
notify = ["ops", "hook"]
[team.rich]
labels = ["rich/*"]
daily_cap = 1
[team.evil]
labels = ["evil*"]
max_dph = 0.5
[notifier.ops]
type = "email"
to = ["ops@company.example", "second@company.example"]
[notifier.hook]
type = "webhook"
url = "${hook}"
secret_env = "HOOK_SECRET"
[smtp]
server = "${smtp}"
starttls = "required"
username = "vastwatch"
password_env = "SMTP_PASSWORD"
from = "vastwatch <vastwatch@company.example>"
ca_file = "${certificate}"
"""

ENVIRONMENT = {"SMTP_PASSWORD": "correct horse", "HOOK_SECRET": SECRET}
EVIL = "evil<img src=x>\r\nBcc: all@example.net\r\n\r\n<script>alert(1)</script>"
KINDS = {"budget_threshold", "cap_reached", "policy_violation"}


def parsed(mail):
    return email.message_from_string(mail["message"], policy=email.policy.default)


class Alerts(Story):
    def start(self, script=None, down=False):
        self.simulator = self.stage.simulator({"credit": 500, "instances": [
            {"id": 1, "label": "rich/a", "dph_base": 10, "start": "-30m", "behaviour": [{}]},
            {"id": 2, "label": EVIL, "dph_base": 1, "start": "-30m", "behaviour": [{}]}]})
        self.mailbox = self.stage.mailbox(script=script)
        self.hook = self.stage.receiver()
        self.hook.order(down=down)
        self.daemon = self.stage.daemon(CONFIG, environment=ENVIRONMENT)

    def mails(self):
        """The mails that arrived, by kind."""
        return {mail["X-Vastwatch-Kind"]: mail for mail in map(parsed, self.mailbox.mails())}

    def hooked(self):
        return {alert["kind"]: alert for alert in self.hook.alerts()}

    def tearDown(self):
        for log in self.stage.folder.glob("vastwatchd*.log"):
            self.assertNotIn("correct horse", log.read_text())
            self.assertNotIn(SECRET, log.read_text())
        super().tearDown()

    def test_mail_arrives_over_starttls_with_auth_as_multipart(self):
        # The first try of one mail is turned away for now: it comes again, and comes once.
        self.start([{"at": "data", "match": "cap_reached", "reply": "451 4.3.0 later", "times": 1}])
        wait_for("all kinds arrived", lambda: self.mails().keys() >= KINDS)
        for raw in self.mailbox.mails():
            self.assertTrue(raw["tls"])
            self.assertEqual(raw["user"], "vastwatch")
            self.assertEqual(raw["from"], "vastwatch@company.example")
            self.assertEqual(raw["to"], ["ops@company.example", "second@company.example"])
            self.check_mail(parsed(raw))
        mails = self.mails()
        threshold, reached = mails["budget_threshold"], mails["cap_reached"]
        self.assertEqual(threshold["References"], reached["References"], "one thread a window")
        self.assertIn("rich", threshold["Subject"])
        self.assertIn("100%", threshold["Subject"])
        self.check_evil(mails["policy_violation"])
        identifiers = [parsed(raw)["Message-ID"] for raw in self.mailbox.mails()]
        self.assertEqual(len(identifiers), len(set(identifiers)), "no mail twice")

    def check_mail(self, mail):
        self.assertEqual(mail.get_content_type(), "multipart/alternative")
        self.assertEqual([part.get_content_type() for part in mail.iter_parts()],
                         ["text/plain", "text/html"])
        self.assertEqual(email.utils.parseaddr(mail["From"]),
                         ("vastwatch", "vastwatch@company.example"))
        self.assertIn("second@company.example", mail["To"])
        self.assertRegex(mail["Message-ID"], r"^<[^<>\s]+@company\.example>$")
        sent = email.utils.parsedate_to_datetime(mail["Date"]).timestamp()
        self.assertLess(abs(sent - time.time()), 120)
        self.assertEqual(mail["Auto-Submitted"], "auto-generated")
        self.assertTrue(mail["Subject"].startswith("[vastwatch] "), mail["Subject"])
        plain = mail.get_body(("plain",)).get_content()
        self.assertGreater(len(plain), 80)
        self.assertNotIn("<p", plain)

    def check_evil(self, mail):
        self.assertIsNone(mail["Bcc"])
        html = mail.get_body(("html",)).get_content()
        self.assertIn("evil", html)
        self.assertNotIn("<img src=x", html)
        self.assertNotIn("<script", html)

    def test_a_receiver_that_was_down_gets_each_alert_later_and_once(self):
        self.start(down=True)
        wait_for("the mails came meanwhile", lambda: self.mails().keys() >= KINDS)
        wait_for("it was tried", lambda: self.hook.requests())
        self.assertEqual(self.hook.alerts(), [])
        pending = self.daemon.metrics().get("vastwatch_alerts_pending", notifier="hook")
        self.assertGreaterEqual(pending, 3)
        self.hook.order(down=False)
        wait_for("the alerts arrived", lambda: self.hooked().keys() >= KINDS)
        wait_for("nothing is owed", lambda: self.daemon.metrics().get(
            "vastwatch_alerts_pending", notifier="hook") == 0)
        requests = self.hook.requests()
        taken = [r["headers"]["webhook-id"] for r in requests if r["status"] == 200]
        refused = {r["headers"]["webhook-id"] for r in requests if r["status"] == 503}
        self.assertEqual(len(taken), len(set(taken)), "each once")
        self.assertTrue(refused)
        self.assertLessEqual(refused, set(taken), "with the id of the tries that failed")
        for request in requests:
            self.check_signature(request)
        self.check_payload(self.hooked()["budget_threshold"])

    def check_signature(self, request):
        headers, body = request["headers"], request["body"]
        self.assertEqual(request["method"], "POST")
        self.assertEqual(headers["content-type"].split(";")[0], "application/json")
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        self.assertEqual(headers["webhook-signature"], "v1," + expected)
        self.assertLess(abs(int(headers["webhook-timestamp"]) - time.time()), 120)

    def check_payload(self, alert):
        self.assertEqual(
            {key: alert[key] for key in ("severity", "status", "team", "window", "cap",
                                         "threshold", "dry_run")},
            {"severity": "critical", "status": "firing", "team": "rich", "window": "day",
             "cap": 1, "threshold": "100%", "dry_run": True})
        self.assertGreater(alert["spend"], 5)
        self.assertAlmostEqual(alert["burn_rate"], 10, delta=0.1)

    def test_a_mail_server_that_hangs_holds_up_neither_the_webhook_nor_the_end(self):
        self.start([{"at": "ehlo", "action": "hang"}])
        wait_for("the webhook got all", lambda: self.hooked().keys() >= KINDS)
        wait_for("the mail server hangs", lambda: "hang" in self.mailbox.log())
        self.assertEqual(self.mailbox.mails(), [])
        self.daemon.wait_ready()
        self.assertGreaterEqual(
            self.daemon.metrics().get("vastwatch_alerts_pending", notifier="ops"), 3)
        self.assertEqual(self.daemon.end(), 0)
        self.assertLess(self.daemon.took, 5)


if __name__ == "__main__":
    unittest.main()

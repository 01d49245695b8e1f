#!/usr/bin/env python3
"""A webhook receiver for tests: records what it gets and answers as told.

Listens on 127.0.0.1, on a port the system picks, and when it is ready prints that port as the first
line of standard output (and writes it to --port-file). Each request becomes one line of --record,
on disk before it is answered:

    {"method": "POST", "path": "/hook", "headers": {"content-type": "..."}, "body": "...",
     "status": 200}

Header names are in lower case. Answers are 200 unless scripted: --statuses 503,503 answers the first
two requests so. While it runs, a POST to /_control with a JSON object changes that:

    {"statuses": [503, 429], "headers": {"Retry-After": "2"}, "body": "busy", "down": true}

`statuses` are used up one a request; `down` answers 503 until it is set to false again; `headers`
and `body` go with every answer. GET /_requests gives all records as a JSON array.
"""

import argparse
import http.server
import json
import pathlib
import threading


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port-file", type=pathlib.Path)
    parser.add_argument("--record", type=pathlib.Path)
    parser.add_argument("--statuses", default="")
    return parser.parse_args()


class State:
    """What was received, and how to answer; shared by the threads of all connections."""

    def __init__(self, record, statuses):
        self.lock = threading.Lock()
        self.record = record
        self.requests = []
        self.statuses = statuses
        self.down = False
        self.headers = {}
        self.body = "ok"

    def control(self, change):
        with self.lock:
            for key in ("statuses", "down", "headers", "body"):
                if key in change:
                    setattr(self, key, change[key])

    def receive(self, request):
        with self.lock:
            if self.down:
                request["status"] = 503
            else:
                request["status"] = self.statuses.pop(0) if self.statuses else 200
            self.requests.append(request)
            if self.record:
                with self.record.open("a") as file:
                    file.write(json.dumps(request) + "\n")
            return request["status"], dict(self.headers), self.body

    def listing(self):
        with self.lock:
            return json.dumps(self.requests)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "webhook-receiver"
    timeout = 60

    def read_body(self):
        length = int(self.headers.get("Content-Length", "0"))
        return self.rfile.read(length).decode("utf-8", "surrogateescape")

    def answer(self, status, headers, body):
        data = body.encode("utf-8", "surrogateescape")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path == "/_requests":
            self.answer(200, {"Content-Type": "application/json"}, self.server.state.listing())
        else:
            self.receive()

    def do_POST(self):
        if self.path == "/_control":
            self.server.state.control(json.loads(self.read_body()))
            self.answer(200, {}, "ok")
        else:
            self.receive()

    def do_PUT(self):
        self.receive()

    def receive(self):
        status, headers, body = self.server.state.receive({
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": self.read_body(),
        })
        self.answer(status, headers, body)

    def log_message(self, *arguments):
        pass


def main():
    arguments = parse_arguments()
    statuses = [int(status) for status in arguments.statuses.split(",") if status]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.state = State(arguments.record, statuses)
    port = server.server_address[1]
    if arguments.port_file:
        unfinished = arguments.port_file.with_suffix(".new")
        unfinished.write_text(f"{port}\n")
        unfinished.rename(arguments.port_file)
    print(port, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()

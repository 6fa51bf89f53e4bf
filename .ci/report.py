"""What checks say: a line "ok WHAT" or "not ok WHAT" for each, and "unchecked WHAT" where this environment cannot do it."""
import sys

failures = 0


def check(what, good, detail=""):
    global failures
    failures += not good
    print(("ok " if good else "not ok ") + what + (f" ({str(detail)[-1500:]})" if detail != "" and not good else ""), flush=True)


def unchecked(what, why):
    print(f"unchecked {what}: {why}", flush=True)


def finish():
    sys.exit(1 if failures else 0)

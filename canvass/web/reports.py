from flask import Blueprint

from canvass.web import gate

door = Blueprint("reports", __name__, url_prefix="/reports")


@door.get("")
def index() -> str:
    return "reports" + gate.person().name

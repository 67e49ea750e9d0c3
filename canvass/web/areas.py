from flask import Blueprint

from canvass.web import gate

door = Blueprint("areas", __name__, url_prefix="/areas")


@door.get("")
def index() -> str:
    return "areas" + gate.person().name

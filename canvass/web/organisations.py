from flask import Blueprint

from canvass.web import gate

door = Blueprint("organisations", __name__, url_prefix="/organisations")


@door.get("")
def index() -> str:
    return "organisations" + gate.person().name

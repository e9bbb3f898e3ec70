# `flask deployr …` and `flask db …` find the backend without --app.
FLASK_APP=app

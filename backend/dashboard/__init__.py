"""The quality dashboard: pages for people at /dashboard, on what the store holds.

A page is a module that has `register(blueprint, services)`, defines its routes there and stands in
`blueprint.PAGES`; what it shows in the navigation stands in `navigation.SECTIONS`. A view reads
within `services.store.reading()` and answers with `render_page("dashboard/NAME.html", ...)`, whose
template extends "dashboard/base.html" and fills `title` and `content`. See `pages/activity.py` for
the smallest one.

- Everybody who sees a page has logged in (`login/access.py`); `@needs(Role.REVIEWER)` asks for
  more, and `current_person()` says who it is.
- GET changes nothing. A form that changes something is a POST with `{{ csrf_field() }}` in it, and
  its view does it in one `services.store.session()` together with `record_event`. It answers with
  `see(endpoint, ...)`, and `say("sentence")` puts a sentence on the next page.
- What cannot be shown is an error with a sentence: `abort(404, "task 7 is not known")`, or any
  HemlineError. `failures.py` makes a page of it.
- No inline style and no inline script: the Content-Security-Policy forbids them (`headers.py`).
- Charts are drawn by `charts/` and shown by `{% from "dashboard/parts.html" import chart %}`.
- Label Studio's texts are shown by Jinja's autoescaping alone; nothing of theirs is ever `|safe`.
"""

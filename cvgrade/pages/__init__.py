"""Pages for people: feedback for students, a report for the instructor.

    records of a run ─┐
    gradebook ────────┼─ feedback, report ── templates ── one HTML file, nothing loaded from anywhere
    handed-in book ───┘

* `feedback`, `book`, `words`: a student's page; the notebook as questions; what a verdict says.
* `report`, `items`, `charts`: the instructor's page; how questions did; drawings.
* `marks`: what the gradebook knows: marks by hand, comments, penalties.
* `sanitise`, `pictures`, `outputs`, `terminal`, `code`: a stranger's markdown, pictures, outputs, text and
  code as harmless HTML.
* `page`: the frame, the Content-Security-Policy, writing in one step.

Whatever a student wrote reaches a page in one of three ways: escaped by the template, through the allow-list
of `sanitise`, or as a picture whose bytes are a PNG or JPEG. A page has no script, no style but its own, and
its policy allows neither.
"""

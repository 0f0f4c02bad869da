"""Reports to take along: what is known of a run or a comparison as a document, and the document as HTML or Markdown.

Pure functions: `run.document` and `comparison.document` arrange plain data into the blocks of `document`, and
`html.as_html` and `markdown.as_markdown` write them. Nothing here reads the store or writes a file.
"""

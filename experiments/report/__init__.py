"""From finished cells to tables, figures and the page of results: no number typed by hand."""

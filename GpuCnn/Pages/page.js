// Sorts a table by the column whose heading is clicked: numbers by data-value, else texts; again turns the order round.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  headings.forEach((heading, column) => heading.querySelector("button").addEventListener("click", () => {
    const value = row => row.cells[column].dataset.value, text = row => row.cells[column].textContent;
    const isNumber = [...body.rows].some(row => value(row) !== undefined);
    const sorted = heading.getAttribute("aria-sort");
    const descending = sorted ? sorted === "ascending" : isNumber;
    const rows = [...body.rows].sort((a, b) => isNumber ? Number(value(a) ?? -Infinity) - Number(value(b) ?? -Infinity)
      : text(a).localeCompare(text(b), undefined, { numeric: true }));
    if (descending) rows.reverse();
    headings.forEach(other => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    body.append(...rows);
  }));
}

(function () {
  'use strict';
  const said = document.getElementById('said');

  // Numbers by what stands behind them, words as words; what is missing comes last either way.
  function sorted(rows, column, direction) {
    const key = (row) => row.cells[column].dataset.value;
    const text = (row) => row.cells[column].textContent.trim();
    const missing = (row) => key(row) === undefined && text(row) === '-';
    return rows.slice().sort((a, b) => {
      if (missing(a) || missing(b)) return missing(a) - missing(b);
      const apart = key(a) !== undefined && key(b) !== undefined
        ? Number(key(a)) - Number(key(b))
        : text(a).localeCompare(text(b), 'en', { numeric: true });
      return direction === 'ascending' ? apart : -apart;
    });
  }

  for (const table of document.querySelectorAll('table.sortable')) {
    const headings = Array.from(table.tHead.rows[0].cells);
    const body = table.tBodies[0];
    headings.forEach((heading, column) => {
      heading.querySelector('button').addEventListener('click', () => {
        const rows = Array.from(body.rows);
        const numbers = rows.some((row) => row.cells[column].dataset.value !== undefined);
        const before = heading.getAttribute('aria-sort');
        const direction = before === null ? (numbers ? 'descending' : 'ascending')
          : before === 'ascending' ? 'descending' : 'ascending';
        headings.forEach((other) => other.removeAttribute('aria-sort'));
        heading.setAttribute('aria-sort', direction);
        body.append(...sorted(rows, column, direction));
        said.textContent = table.caption.textContent + ': sorted by ' + heading.textContent + ', ' + direction;
      });
    });
  }
  document.documentElement.classList.add('sorts');
})();

"use strict";
(function () {
  var root = document.documentElement;
  var charts = [].slice.call(document.querySelectorAll(".chart[data-figure]"));

  function draw(chart) {
    var figure = JSON.parse(document.getElementById(chart.dataset.figure).textContent);
    return window.Plotly.newPlot(chart, figure.data, figure.layout, {
      displayModeBar: false,
      responsive: true,
      doubleClick: false,
      scrollZoom: false
    });
  }

  // Without this script the tables behind the charts stand open; with it the charts do their work.
  function fold(details) { details.open = false; }

  function fit(width) {
    charts.forEach(function (chart) {
      if (!chart.layout) { return; }
      window.Plotly.relayout(chart, width ? { autosize: false, width: width } : { autosize: true, width: null });
    });
  }

  function command(source) {
    return source.dataset.command || ("finops trace " + source.dataset.table + " " + source.dataset.keys).trim();
  }

  function choose(row, source) {
    var hint = row.closest("table").parentElement.nextElementSibling;
    if (!hint || !hint.classList.contains("trace")) { return; }
    hint.querySelector("code").textContent = command(source);
    [].forEach.call(row.parentElement.querySelectorAll(".chosen"), function (other) {
      other.classList.remove("chosen");
    });
    row.classList.add("chosen");
  }

  [].forEach.call(document.querySelectorAll("tr[data-keys], tr[data-command]"), function (row) {
    row.tabIndex = 0;
    row.addEventListener("click", function () { choose(row, row); });
    row.addEventListener("focus", function () { choose(row, row); });
  });

  // a figure from elsewhere than its row; after the row's own answer, which the same click calls
  [].forEach.call(document.querySelectorAll("td[data-keys], td[data-command]"), function (cell) {
    cell.tabIndex = 0;
    cell.addEventListener("focus", function () { choose(cell.parentElement, cell); });
    cell.addEventListener("click", function (event) { choose(cell.parentElement, cell); event.stopPropagation(); });
  });

  if (charts.length && window.Plotly) {
    [].forEach.call(document.querySelectorAll("details.chart-data"), fold);
    Promise.all(charts.map(draw)).then(function () { root.dataset.charts = String(charts.length); });
    // A4 less its margins, in CSS pixels
    window.addEventListener("beforeprint", function () { fit(660); });
    window.addEventListener("afterprint", function () { fit(0); });
  }
})();

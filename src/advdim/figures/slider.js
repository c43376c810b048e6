// Moves what a slider of advdim.figures.slider shows. All it needs lies in the page: see slider.py for the data.
window.advdimSlider = function (anchor) {
  "use strict";
  const part = (name) => document.getElementById(`${anchor}-${name}`);
  const { columns, pictures, frames, plane, curves, measures } = JSON.parse(part("data").textContent);
  const range = part("range");
  const readings = part("output").querySelectorAll("b");
  const images = part("pictures").querySelectorAll("img");
  const config = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false };
  const dots = measures.map((_, i) => curves.data.length - measures.length + i);

  // One pair of coordinates a trace of the plane: the groups, the boundary, the marks.
  function coordinates(frame) {
    const traces = [...frame.points, frame.boundary, ...(frame.marks ? [frame.marks] : [])];
    return { x: traces.map(([x]) => columns[x]), y: traces.map(([, y]) => columns[y]) };
  }

  function tell(frame) {
    frame.told.forEach((text, i) => { readings[i].textContent = text; });
    frame.pictures.forEach((picture, i) => { images[i].src = pictures[picture]; });
    range.setAttribute("aria-valuetext", frame.told[0]);
    part("slider").dataset.level = frame.level;
  }

  function move(frame) {
    Plotly.restyle(part("plane"), coordinates(frame));
    const marks = { x: measures.map(() => [frame.level]), y: frame.values.map((value) => [value]) };
    const line = { "shapes[0].x0": frame.level, "shapes[0].x1": frame.level };
    Plotly.update(part("curves"), marks, line, dots);
  }

  // Several steps between two pictures of the screen are drawn once.
  let waiting = false;
  function show() {
    tell(frames[range.value]);
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      move(frames[range.value]);
    });
  }

  const { x, y } = coordinates(frames[range.value]);
  plane.data.forEach((trace, i) => Object.assign(trace, { x: x[i], y: y[i] }));
  Plotly.newPlot(part("plane"), plane.data, plane.layout, config);
  Plotly.newPlot(part("curves"), curves.data, curves.layout, config);
  show(); // a browser that comes back to the page keeps the place of the slider
  range.addEventListener("input", show);
};

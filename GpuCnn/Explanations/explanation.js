// Shows the value under the pointer in a bar at the bottom, and with a click the command that explains it.
{
  const { layers, command } = JSON.parse(document.getElementById("layers").textContent);
  const bar = document.createElement("output");
  bar.style.cssText = "position:fixed;left:0;right:0;bottom:0;padding:6px 16px;background:var(--raised);"
    + "border-top:1px solid var(--line);font:13px ui-monospace,monospace;display:none;user-select:text;overflow-wrap:anywhere";
  bar.id = "readout";
  document.body.append(bar);
  const floats = text => new Float32Array(Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer);
  const text = value => value === 0 ? "0" : Math.abs(value) >= 1e4 || Math.abs(value) < 1e-3 ? value.toExponential(2) : value.toFixed(4);
  for (const image of document.querySelectorAll("img.maps")) {
    const layer = layers[Number(image.dataset.layer)];
    let values = null, shades = null, pinned = null;
    // The place under the pointer: map, row and column; null on a line or past the last map.
    const find = event => {
      const box = image.getBoundingClientRect();
      const x = Math.floor((event.clientX - box.left) * image.naturalWidth / box.width);
      const y = Math.floor((event.clientY - box.top) * image.naturalHeight / box.height);
      const row = y % (layer.height + layer.gap), column = x % (layer.width + layer.gap);
      if (x < 0 || y < 0 || row >= layer.height || column >= layer.width) return null;
      if (layer.vector) {
        const unit = row * layer.width + column;
        return unit < layer.shown ? { map: unit, row: 0, column: 0, x, y, index: unit } : null;
      }
      const map = Math.floor(y / (layer.height + layer.gap)) * layer.columns + Math.floor(x / (layer.width + layer.gap));
      return map < layer.shown ? { map, row, column, x, y, index: (map * layer.height + row) * layer.width + column } : null;
    };
    const read = place => {
      if (layer.values) return text((values ??= floats(layer.values))[place.index]);
      if (!shades) {
        const canvas = document.createElement("canvas");
        canvas.width = image.naturalWidth;
        canvas.height = image.naturalHeight;
        shades = canvas.getContext("2d", { willReadFrequently: true });
        shades.drawImage(image, 0, 0);
      }
      const shade = shades.getImageData(place.x, place.y, 1, 1).data[0];
      return "\u2248 " + text(layer.least + shade / 255 * (layer.most - layer.least));
    };
    const show = (place, withCommand) => {
      const where = layer.vector ? `unit ${place.map}` : `map ${place.map}, row ${place.row}, column ${place.column}`;
      bar.textContent = `${layer.name}: ${where}: ${read(place)}`;
      if (withCommand && command) bar.textContent += "\u2003" + command.replace("{layer}", () => layer.quoted)
        .replace("{map}", place.map).replace("{at}", `${place.row},${place.column}`);
      bar.style.display = "block";
    };
    image.style.cursor = "crosshair";
    image.addEventListener("pointermove", event => {
      const place = find(event);
      if (!place || (pinned && pinned.map === place.map && pinned.index === place.index)) return;
      pinned = null;
      show(place, false);
    });
    image.addEventListener("click", event => {
      if (pinned = find(event)) show(pinned, true);
    });
  }
}

// The table is drawn anew only when it has changed, so that the focus stays where it is.
import { element, isPlainClick } from "./dom.js"

const drawn = new WeakMap()

const content = (cell, row, column) => cell.href
  ? element("a", { href: cell.href, "aria-label": `${cell.text}: ${cell.title}`, title: cell.title, "data-place": `${row},${column}` }, cell.text)
  : cell.text

const table = ({ label, header, rows, figures_from }) => {
  const kind = (column) => (column >= figures_from ? "number" : null)
  return element("table", { "aria-label": label },
    element("thead", {}, element("tr", {}, ...header.map((text, column) => element("th", { scope: "col", class: kind(column) }, text)))),
    element("tbody", {}, ...rows.map((cells, row) => element("tr", {}, ...cells.map((cell, column) =>
      element(column ? "td" : "th", { scope: column ? null : "row", class: kind(column) }, content(cell, row, column)))))))
}

export default function ({ parentElement, data, setTriggerValue }) {
  const host = parentElement.querySelector(".host")
  const now = JSON.stringify(data)
  if (drawn.get(host) !== now) {
    const scroller = element("div", { class: "scroller", role: "group", tabindex: 0, "aria-label": data.label }, table(data))
    host.replaceChildren(scroller)
    drawn.set(host, now)
  }
  host.onclick = (event) => {
    const link = event.target.closest("a")
    if (!link || !isPlainClick(event)) return
    event.preventDefault()
    setTriggerValue("opened", link.dataset.place.split(",").map(Number))
  }
}

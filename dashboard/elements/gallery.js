// Pictures as real links: where the page opens them in place a plain click does so, any other click is the browser's.
import { element, isPlainClick } from "./dom.js"

const picture = ({ href, source, alt, caption, position }) =>
  element("li", {}, element(href ? "a" : "div", href ? { href, "data-position": position } : {},
    element("img", { src: source, alt, width: 28, height: 28 }),
    element("span", { "aria-hidden": "true" }, caption)))

export default function (component) {
  const { parentElement, data, setTriggerValue } = component
  const list = parentElement.querySelector("ul")
  list.setAttribute("aria-label", data.label)
  list.replaceChildren(...data.pictures.map(picture))
  list.onclick = (event) => {
    const link = event.target.closest("a")
    if (!data.in_place || !link || !isPlainClick(event)) return
    event.preventDefault()
    setTriggerValue("opened", Number(link.dataset.position))
  }
}

/** Pans and zooms a drawing: wheel, drag, pinch. Tells at most once an animation frame. */

export const NEAREST = 1.6;
export const FARTHEST = 0.06;
const DRAG_FROM_PX = 4;
const EDGE_PX = 24;
/** The tools lie over the upper edge. */
const TOOLS_PX = 62;

export class Viewport {
  /**
   * @param {SVGSVGElement} surface
   * @param {() => void} onChange
   */
  constructor(surface, onChange) {
    this.surface = surface;
    this.onChange = onChange;
    this.x = 0;
    this.y = 0;
    this.scale = 1;
    this.isDue = false;
    /** whether the latest press moved the drawing, so that its click means nothing */
    this.wasDragged = false;
    /** @type {Map<number, {x: number, y: number}>} */
    this.pointers = new Map();
    this.start = { x: 0, y: 0 };
    surface.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    surface.addEventListener("pointerdown", (event) => this.onDown(event));
    surface.addEventListener("pointermove", (event) => this.onMove(event));
    for (const end of ["pointerup", "pointercancel", "pointerleave"])
      surface.addEventListener(end, (event) => this.pointers.delete(/** @type {PointerEvent} */ (event).pointerId));
  }

  get size() {
    return { width: this.surface.clientWidth || 1, height: this.surface.clientHeight || 1 };
  }

  /** The part of the drawing on screen, with a margin around it. @param {number} margin in pixels */
  seen(margin) {
    const { width, height } = this.size;
    return {
      left: (-this.x - margin) / this.scale, top: (-this.y - margin) / this.scale,
      right: (width - this.x + margin) / this.scale, bottom: (height - this.y + margin) / this.scale,
    };
  }

  changed() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      this.onChange();
    });
  }

  /**
   * Zoom about a point of the surface, by default its middle.
   * @param {number} factor
   * @param {{x: number, y: number}} [about]
   */
  zoom(factor, about = { x: this.size.width / 2, y: this.size.height / 2 }) {
    const scale = Math.min(NEAREST, Math.max(FARTHEST, this.scale * factor));
    this.x = about.x - ((about.x - this.x) * scale) / this.scale;
    this.y = about.y - ((about.y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.changed();
  }

  /**
   * Show all of a drawing of this size, never larger than life.
   * @param {number} width
   * @param {number} height
   */
  fit(width, height) {
    const { width: wide, height: high } = this.size;
    const free = { wide: wide - 2 * EDGE_PX, high: high - TOOLS_PX - EDGE_PX };
    this.scale = Math.min(1.15, Math.max(FARTHEST, Math.min(free.wide / width, free.high / height)));
    this.x = (wide - width * this.scale) / 2;
    this.y = TOOLS_PX + (free.high - height * this.scale) / 2;
    this.changed();
  }

  /**
   * Show a box in the middle, as far as that leaves no empty margin.
   * @param {{width: number, height: number}} drawing
   * @param {import("../types.js").Box} box
   * @param {number} scale
   */
  show(drawing, box, scale) {
    const { width, height } = this.size;
    this.scale = scale;
    this.x = placed(width, EDGE_PX, drawing.width * scale, (box.x + box.width / 2) * scale);
    this.y = placed(height, TOOLS_PX, drawing.height * scale, (box.y + box.height / 2) * scale);
    this.changed();
  }

  /** Bring a box into sight, as little as needed. @param {import("../types.js").Box} box */
  reveal(box) {
    const { width, height } = this.size;
    const left = box.x * this.scale + this.x;
    const top = box.y * this.scale + this.y;
    this.x += Math.max(0, EDGE_PX - left) || Math.min(0, width - EDGE_PX - left - box.width * this.scale);
    this.y += Math.max(0, TOOLS_PX - top) || Math.min(0, height - EDGE_PX - top - box.height * this.scale);
    this.changed();
  }

  /** @param {WheelEvent} event */
  onWheel(event) {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey || (Math.abs(event.deltaY) >= 50 && event.deltaX === 0)) {
      this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), this.at(event));
    } else {
      this.x -= event.deltaX;
      this.y -= event.deltaY;
      this.changed();
    }
  }

  /** @param {PointerEvent} event */
  onDown(event) {
    if (event.button !== 0) return;
    this.pointers.set(event.pointerId, this.at(event));
    this.start = this.at(event);
    this.wasDragged = false;
  }

  /** @param {PointerEvent} event */
  onMove(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.at(event);
    if (!this.wasDragged && Math.hypot(now.x - this.start.x, now.y - this.start.y) < DRAG_FROM_PX) return;
    if (!this.wasDragged) this.surface.setPointerCapture(event.pointerId);
    this.wasDragged = true;
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) this.zoom(Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y)), other);
    else {
      this.x += now.x - before.x;
      this.y += now.y - before.y;
    }
    this.pointers.set(event.pointerId, now);
    this.changed();
  }

  /** @param {MouseEvent} event */
  at(event) {
    const frame = this.surface.getBoundingClientRect();
    return { x: event.clientX - frame.left, y: event.clientY - frame.top };
  }
}

/**
 * Where the drawing begins so that its point `at` comes to the middle of the room.
 * @param {number} room
 * @param {number} before kept free at the beginning
 * @param {number} length
 * @param {number} at
 */
function placed(room, before, length, at) {
  if (length + before + EDGE_PX <= room) return before + (room - before - EDGE_PX - length) / 2;
  return Math.min(before, Math.max(room - length - EDGE_PX, room / 2 - at));
}

// A menu of the tools above the map: Escape and a click elsewhere close it.

export class Menu {
  constructor(root, {opened = () => {}} = {}) {
    this.root = root;
    this.summary = root.querySelector('summary');
    root.addEventListener('toggle', () => root.open && opened());
    root.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !root.open) return;
      event.stopPropagation();
      this.close();
      this.summary.focus();
    });
    document.addEventListener('pointerdown', ({target}) => root.contains(target) || this.close());
    root.addEventListener('focusout', ({relatedTarget}) => relatedTarget && !root.contains(relatedTarget) && this.close());
  }

  close() {
    this.root.open = false;
  }
}

/** The SQL view; its editor is loaded when it is first opened. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

export function SqlView() {
  const [Workbench, setWorkbench] = useState<ComponentType>();
  useEffect(() => {
    void import("./sql-workbench.tsx").then((part) => {
      setWorkbench(() => part.SqlWorkbench);
    });
  }, []);
  return Workbench === undefined ? null : <Workbench />;
}

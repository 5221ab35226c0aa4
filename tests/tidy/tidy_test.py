#!/usr/bin/env python3
"""tidy.py must find each kind of fault: a check that cannot fail protects nothing."""
import tempfile
import unittest
from pathlib import Path

import tidy


class TidyFindsFaults(unittest.TestCase):
    def faults(self, files):
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                target = Path(root) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
            return tidy.check_tree(Path(root))[0]

    def test_clean_tree(self):
        self.assertEqual([], self.faults({"gslb/dns/a.cc": '#include "gslb/base/ip.h"\nint x;\n'}))

    def test_upward_include(self):
        found = self.faults({"gslb/base/a.cc": '#include "gslb/dns/name.h"\n'})
        self.assertIn("does not point down", found[0])

    def test_same_floor_include(self):
        found = self.faults({"gslb/geo/a.cc": '#include "gslb/dns/name.h"\n'})
        self.assertIn("does not point down", found[0])

    def test_edge_may_see_only_the_report(self):
        found = self.faults({"edge/report/a.cc": '#include "gslb/fleet/report.h"\n'
                                                 '#include "gslb/fleet/fleet_state.h"\n'})
        self.assertEqual(1, len(found))

    def test_third_party_outside_its_fence(self):
        self.assertIn("fenced", self.faults({"gslb/answer/a.cc": "#include <ldns/ldns.h>\n"})[0])

    def test_third_party_in_a_header(self):
        found = self.faults({"gslb/zone/a.h": "#pragma once\n#include <ldns/ldns.h>\n"})
        self.assertIn(".cc files only", found[0])

    def test_long_file(self):
        self.assertIn("401 lines", self.faults({"gslb/base/a.cc": "int x;\n" * 401})[0])

    def test_long_line(self):
        self.assertIn("columns", self.faults({"gslb/base/a.cc": "//" + "x" * 99 + "\n"})[0])

    def test_long_function(self):
        body = "int f() {\n" + "  g();\n" * 69 + "}\n"
        self.assertIn("function of 71", self.faults({"gslb/base/a.cc": body})[0])

    def test_long_class_after_a_constant_is_no_long_function(self):
        body = "constexpr int kX = 1;\nint f() { return 1; }\nclass A {\n" + "  int x;\n" * 80 + "};\n"
        self.assertEqual([], self.faults({"gslb/base/a.cc": body}))

    def test_long_member(self):
        body = "class A {\n  int f() {\n" + "    g();\n" * 70 + "  }\n};\n"
        self.assertIn("function of 72", self.faults({"gslb/base/a.cc": body})[0])

    def test_await_in_a_condition(self):
        for text in ("if (co_await f()) { g(); }\n",
                     "if (const auto n = (co_await f()); n > 0) { g(); }\n",
                     "while (x &&\n       !co_await f(a(), b())) { g(); }\n"):
            found = self.faults({"edge/serve/a.cc": "int x;\n" + text})
            self.assertEqual(1, len(found), text)
            self.assertIn("edge/serve/a.cc:2: co_await inside the condition", found[0])

    def test_await_beside_a_condition(self):
        text = ("if (x) co_return co_await f();\n"
                "if (g(a)) { co_await f(); }\n"
                "while (h(\"(\", ')')) { y = co_await f(); }\n"
                "// not if (co_await f())\n"
                "notify(co_await f());\n")
        self.assertEqual([], self.faults({"edge/serve/a.cc": text}))

    def test_cycle(self):
        found = self.faults({
            "gslb/base/a.h": '#pragma once\n#include "gslb/base/b.h"\n',
            "gslb/base/b.h": '#pragma once\n#include "gslb/base/a.h"\n'})
        self.assertIn("cycle", found[0])


if __name__ == "__main__":
    unittest.main()

using System.Collections.Immutable;
using GpuCnn.Compiler;
using Microsoft.CodeAnalysis;
using NUnit.Framework;

namespace GpuCnn.Tests.Compiler;

/// <summary>What the compiler refuses: tests each rule once, at the place between « and ».</summary>
public sealed class DiagnosticTests
{
    private static IEnumerable<TestCaseData> Bodies()
    {
        yield return Body("GCNN008", "var t = «typeof(int)»;", name: "An expression that devices do not have");
        yield return Body("GCNN009", "«lock (\"\") { y[i] = 0; }»", name: "lock", more: ["GCNN032"]);
        yield return Body("GCNN009", "«foreach (int k in new Steps()) y[k] = 0;»",
            "public struct Steps { public Steps GetEnumerator() => this; public bool MoveNext() => false; public int Current => 0; }");
        yield return Body("GCNN009", "again: y[i] = 0; if (i > 3) goto again;", name: "goto", places: ["again: y[i] = 0;", "goto again;"]);
        yield return Body("GCNN010", "if (i > n) «throw new Exception(\"too far\");»");
        yield return Body("GCNN010", "«try { y[i] = 1; } finally { y[i] = 2; }»");
        yield return Body("GCNN011", "Func<int> f = «() => 3»;");
        yield return Body("GCNN011", "y[i] = «Local()»; float Local() => 1;", more: ["GCNN011"], name: "A local function");
        yield return Body("GCNN012", "var list = «new float[4]»;");
        yield return Body("GCNN012", "object boxed = «i»;", name: "Boxing");
        yield return Body("GCNN013", "y[i] = «Tables.Factor»;", "public static class Tables { public static float Factor = 2; }");
        yield return Body("GCNN013", "y[i] = «Tables.Factor»;", "public static class Tables { public static float Factor { get; } = 2; }",
            name: "A static property");
        yield return Body("GCNN014", "y[i] = «Twice(x[i])»;", members: "private float Twice(float v) => v * 2;");
        yield return Body("GCNN014", "var p = new Point(); «p.Grow()»; y[i] = p.X;",
            "public struct Point { public float X; public void Grow() { X = 3; } }");
        yield return Body("GCNN014", "y[i] = «i.CompareTo(3)»;", name: "An instance method of a number");
        yield return Body("GCNN015", "o[i] = «checked(i + n)»;", places: ["i + n"]);
        yield return Body("GCNN015", "checked { «i++»; }");
        yield return Body("GCNN016", "o[i] = Endless(i);", members: "private static int Endless(int v) => v > 0 ? «Endless(v - 1)» : 0;");
        yield return Body("GCNN028", "y[i] = x[i] is «var h» ? h : 0;", name: "A pattern with a variable");
        yield return Body("GCNN017", "o[i] = «Random.Shared.Next()»;", rule: "GCNN014");
        yield return Body("GCNN017", "o[i] = «Environment.TickCount»;", rule: "GCNN013");
        yield return Body("GCNN017", "o[i] = «Convert.ToInt32(2.5f)»;");
        yield return Body("GCNN018", "y[i] = «MathF.Sqrt(x[i])»;");
        yield return Body("GCNN018", "o[i] = «BitConverter.SingleToInt32Bits(x[i])»;");
        yield return Body("GCNN019", "«ref float r = ref y[i];»", places: ["r = ref y[i]"], name: "A reference variable");
        yield return Body("GCNN019", "Set(out float v); y[i] = v;", members: "private static void Set(«out float v») => v = 1;",
            more: ["GCNN008"]);
        yield return Body("GCNN019", "y[i] = Get(«in y[i]», y);",
            members: "private static float Get(in float v, View<float> y) { y[0] = 1; return v; }", name: "A reference to memory");
        yield return Body("GCNN020", "var a = Local.Array<float>(«n»); y[i] = a[0];");
        yield return Body("GCNN021", "if (i > 3) { var a = «Local.Array<float>(4)»; y[i] = a[0]; }");
        yield return Body("GCNN021", "Fill();", members: "private static void Fill() { var a = «Shared.Array<float>(4)»; a[0] = 1; }",
            name: "An array of a helper");
        yield return Body("GCNN022", "View<float> v = i > 3 ? y : «default»; v[0] = 1;");
        yield return Body("GCNN022", "View<float> «v»; v = y;", more: ["GCNN023"], name: "A view without a start");
        yield return Body("GCNN023", "var v = y; «v = y.Slice(3)»; v[0] = 1;");
        yield return Body("GCNN024", "int k = n; y[«k++»] = 1;");
        yield return Body("GCNN024", "float a; y[i] = «a = 2»;");
        yield return Body("GCNN025", "o[i] = «Atomic.Add(o, 0, 1)» + 1;");
        yield return Body("GCNN025", "y[i] = x[i] + «Put(y, i)»;",
            members: "private static float Put(View<float> y, int i) { y[i] = 1; return 2; }");
        yield return Body("GCNN025", "o[o[0]] = «Atomic.Add(o, 0, 1)»;", name: "An index that a side effect may change");
        yield return Body("GCNN026", "o[i] = «y.Length»;");
        yield return Body("GCNN027", "y[i] = 1 + «Wait()»;", members: "private static float Wait() { Group.Barrier(); return 2; }");
        const string Wait = "private static float Wait() { Group.Barrier(); return 2; }";
        yield return Body("GCNN027", "if («Wait()» > 1) y[i] = 1;", members: Wait, name: "A barrier in a condition");
        yield return Body("GCNN027", "for (float w = «Wait()»; w > 3; w--) y[i] = 1;", members: Wait,
            name: "A barrier in the head of a loop");
        yield return Body("GCNN027", "y[i] = 1 + «Warp.ShuffleXor(x[i], 1)»;", name: "A collective function within an expression");
        yield return Body("GCNN027", "if («Warp.ShuffleXor(x[i], 1)» > 1) y[i] = 1;", name: "A collective function in a condition");
        yield return Body("GCNN027", "y[i] = Next(x[i]);",
            members: "private static float Next(float v) { return «Warp.ShuffleXor(v, 1)»; }", name: "A collective function in a result");
        yield return Body("GCNN028", "switch (i) { case «var k» when k > 3: y[i] = 1; break; }");
        yield return Body("GCNN028", "y[i] = i switch { 1 => 2, «var k» when k > 5 => 3, _ => 4 };");
        yield return Body("GCNN028", "y[i] = «x[i] switch { < 9 => 3, _ => 4 }»;");
        yield return Body("GCNN028", "y[i] = «x[i] is > 3 and < 9» ? 1f : 0f;");
        yield return Body("GCNN028", "y[i] = i switch { > 3 => 2, _ when n > 4 => 3 };",
            name: "A switch expression without a last case", places: ["i switch { > 3 => 2, _ when n > 4 => 3 }"]);
        yield return Body("GCNN028", "y[i] = x[i] is «float.NaN» ? 1f : 0f;");
        yield return Body("GCNN029", "Sum(y, n);",
            members: "[Unroll] private static void «Sum»(View<float> y, int n) { for (int k = 0; k < n; k++) y[k] += 1; }");
        yield return Body("GCNN030", "switch (i) { case 1: int late; break; case 2: «late» = 3; o[0] = «late»; break; }",
            places: ["late", "late"]);
        yield return Body("GCNN031", "Outside.Wait(y);",
            """
            public static class Outside
            {
                public static void Wait(View<float> y) { Group.Barrier(); y[0] = «Secret»; }
                private const float Secret = 3;
            }
            """, name: "A private member in a helper with a barrier");
        yield return Body("GCNN032", "var c = «'c'»;", name: "A character");
        yield return Body("GCNN032", "o[i] = «$\"{i}\"».Length;", name: "A string", places: ["$\"{i}\".Length"], rule: "GCNN014");
        yield return Body("GCNN033", "var p = «new Point(1) { X = 3 }»; y[i] = p.X;",
            "public struct Point { public float X; public Point(float x) => X = x; }");
        yield return Body("GCNN033", "var d = «new Divisor(3)»; o[i] = d.Divide(i);", name: "A divisor, which only the host makes");
        yield return Body("GCNN016", "y[i] = new Point(1).X;",
            "public struct Point { public float X; public Point(float x) => X = «new Point(x).X»; }", places: ["new Point(x)"],
            name: "A constructor that calls itself");
        yield return Body("GCNN024", "y[i] = new Point(1).X;",
            "public struct Point { public float X; public Point(float x) { float z = «x = 3»; X = z; } }", name: "In a constructor");
        yield return Body("GCNN037", "y[i] = «Fast(x[i])»;",
            members: "[CudaFunction(\"__fast({1,2})\")] private static float Fast(float x) => x;");
        yield return Body("GCNN007", "var b = «new Both()»; y[i] = b.F;",
            """
            [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Explicit)]
            public struct Both
            {
                [System.Runtime.InteropServices.FieldOffset(0)] public float F;
                [System.Runtime.InteropServices.FieldOffset(0)] public int I;
            }
            """, name: "Fields that overlap", places: ["b", "new Both()"], more: ["GCNN033"]);
        yield return Body("GCNN017", "o[i] = «new Pair(i, 2) == new Pair(3, 2)» ? 5 : 6;", "public record struct Pair(int A, int B);",
            name: "== of a record");
        yield return Body("GCNN040", "o[i] = «n / 4»;", name: "A dividend that may be negative");
        yield return Body("GCNN040",
            "o[i] = «(i - n) / size» + i / 4 + (i + 5) / size + i % 4 / 2 + (n & 7) / 4 + n / 3 + n / -4 + i / n + size / 2 + n / o[0];",
            name: "One dividend that may be negative, among some that are not and divisions without a shift");
        yield return Body("GCNN040", "int k = i; for (int j = 0; j < n; j += GroupSize.X) { «k /= 2»; k -= j; o[j / 4] = k; }",
            name: "A variable that is also given a negative value");
        yield return Body("GCNN040", "for (int half = GroupSize.X / 2; half > 0; half /= 2) o[half] = Third(half) + Third(«n»);",
            members: "private static int Third(int v) { v += 1; return v / 4; }", name: "An argument of a helper that divides it");
        yield return Body("GCNN040", "o[i] = Fourth(i, i) + Fourth(KernelMath.Max(n, 0), i) + Fourth(n, «n»);",
            members: """
            private static int Fourth(int v, int w) => KernelMath.Max(v, 0) / 4 + Second(w);
            private static int Second(int v) => v / 2;
            """, name: "An argument that is passed on to a helper that divides it");
        yield return Body("GCNN040", "o[i] = new Point(n).Half;",
            "public readonly struct Point { private readonly int _x; public Point(int x) => _x = «x / 2»; public int Half => _x; }",
            name: "A dividend of a constructor");
        yield return Body("GCNN041",
            "uint u = Bits.ToUInt32(x[i]); o[i] = (int)«(u / 8)» + (int)((u >> 1) / 8 + (u & 255u) / 8 + u / 3 + (uint)i / 8);",
            places: ["u / 8"], name: "A dividend that may use its highest bit");
        yield return Body("GCNN042", "if («!(x[i] < 3)») y[i] = 1; if (!(i < 3) && !(x[i] == 3)) y[i] = 2;", name: "A negated comparison");
        yield return Body("GCNN042", "float v = x[i]; if (v is «not > 3») y[i] = 1;", name: "A negated pattern");
        yield return Body("GCNN043",
            "const float Limit = 3; if («Limit < x[i]») y[i] = 1; if (x[i] > Limit && 3 < n && Limit < 4) y[i] = 2;",
            name: "A constant on the left");
        yield return Body("GCNN043", "float limit = size; y[i] = «limit >= x[i]» ? 1f : 2f;",
            name: "A specialization constant on the left");
        yield return Body("GCNN043", "y[i] = Larger(x[i], Zero) + «Larger(Zero, x[i])» + Twice(x[i]);",
            members: """
            private static float Larger(float a, float b) => a > b ? a : b;
            private static float Twice(float v) => Larger(v, 2 * v);
            private static float Zero => 0;
            """, name: "A constant on the left in a helper");
        yield return Body("GCNN043", "y[i] = Larger(new Point(x[i]), Point.Zero) + «Larger(Point.Zero, new Point(x[i]))»;",
            "public readonly struct Point(float v) { public readonly float V = v; public static Point Zero => new(0); }",
            members: "private static float Larger(Point a, Point b) => a.V > b.V ? a.V : b.V;",
            name: "A constant struct on the left in a helper");
        yield return Body("GCNN044", "y[i] = «i > n ? 1 : 0»; o[i] = i > n ? 1 : 0; y[0] = i > n ? 2 : 0;",
            name: "A choice of 1 and 0 as a float");
        yield return Body("GCNN044", "uint k = i > n ? 0u : 1u; y[i] = «k» * 2f; o[i] = (int)«~k»;", places: ["k", "~k"],
            name: "A choice of 0 and 1 in a variable");
        yield return Body("GCNN045", "byte b = (byte)i; o[i] = «(sbyte)b»; o[0] = (short)b + (ushort)b + (byte)(short)i;",
            name: "A conversion that changes the sign of a small integer");
        yield return Body("GCNN045", "o[i] = «(byte)x[i]» + (int)x[i]; o[1] = «(short)(int)x[0]» + (int)(long)(int)x[i];",
            places: ["(byte)x[i]", "(short)(int)x[0]"], name: "A float to a small integer");
        yield return Body("GCNN045", "double d = «(ulong)n»; d += (ulong)i; d += (uint)n; y[i] = (float)d;",
            name: "A signed number to a float through an unsigned one");
        yield return Body("GCNN046", "y[i] = «x[i] + 3f + size»; y[0] = x[i] + 3f - 2f + (x[i] + n) * 2f;", name: "Two constants in a sum");
        yield return Body("GCNN046", "y[i] = «0 - x[i]»; y[0] = «x[i] + 0f»; y[1] = x[i] - 0f; o[i] = 0 - i;",
            places: ["0 - x[i]", "x[i] + 0f"], name: "Zero in a sum");
        yield return Body("GCNN048", "AsyncCopy.Copy4(«y», 0, x, 0, true);", name: "A copy to memory that is not shared");
        yield return Body("GCNN048", "var s = Shared.Array<float>(8); AsyncCopy.Copy1(s, 0, «s», 1, true);",
            name: "A copy from shared memory");
        yield return Body("GCNN048", "Take(y);",
            members: "private static void Take(View<float> v) { AsyncCopy.Copy1(«v.Slice(4)», 0, v, 1, true); }",
            name: "A copy in a helper to memory that is not shared");
        yield return Body("GCNN048", "var a = Local.Array<uint>(4); MatrixUnit.Load(a, «y», 0); o[i] = (int)a[0];",
            name: "A matrix that is not in shared memory");
        yield return Body("GCNN049", "AsyncCopy.Wait(«n»);");
        yield return Body("GCNN047", "Sum(y, n);",
            members: """
            [Unroll]
            private static void Sum(View<float> y, int n)
            {
                for (int k = 0; k < 4; k++)
                {
                    if (k == n) «continue;»
                    switch (n) { case 1: break; case 2: «continue;» }
                    for (int j = 0; j < n; j++) { if (j == k) continue; if (y[j] > 3) break; }
                    if (n > 9) «break;»
                }
            }
            """,
            places: ["continue;", "continue;", "break;"], name: "Jumps in an unrolled loop");
        yield return Body("GCNN007", "decimal d = «1»; var s = «d»;", places: ["1", "d"], name: "A type that devices do not have");
    }

    private static IEnumerable<TestCaseData> Declarations()
    {
        yield return Declaration("GCNN001", "[Kernel(1)] public partial struct «K»(View<float> y) { public void Execute() => y[0] = 1; }");
        yield return Declaration("GCNN001",
            "[Kernel(1)] public readonly partial struct «K»<T, U>(View<float> y) where T : unmanaged where U : unmanaged { public void "
            + "Execute() => y[0] = 1; }", "A kernel with two type parameters");
        yield return Declaration("GCNN001",
            "public static partial class C { [Kernel(1)] public readonly partial struct «K»(View<float> y) "
            + "{ public void Execute() => y[0] = 1; } }", "A kernel within a type");
        yield return Declaration("GCNN002", "[Kernel(1)] public readonly partial struct «K» { public void Execute() { } }");
        yield return Declaration("GCNN003",
            "[Kernel(1)] public readonly partial struct «K»(View<float> y) { public void Execute(int i) => y[i] = 1; }");
        yield return Declaration("GCNN004",
            "[«Kernel»] public readonly partial struct K(View<float> y) { public void Execute() => y[0] = 1; }");
        yield return Declaration("GCNN004",
            "[«Kernel(64, 0)»] public readonly partial struct K(View<float> y) { public void Execute() => y[0] = 1; }",
            "A group without threads");
        string[] arguments =
        [
            "bool b", "char c", "Float4 v", "string s", "float[] a", "(int A, int B) t", "View<bool> v", "Flags f", "Nested n", "Holder h",
            "Packed p", "Guid g",
        ];
        foreach (string argument in arguments)
            yield return Declaration("GCNN005", $$"""
                public struct Flags { public bool On; }
                public struct Nested { public Flags Inner; public int N; }
                public struct Holder { public View<float> V; }
                [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential, Pack = 1)]
                public struct Packed { public byte A; public int B; }
                [Kernel(1)] public readonly partial struct K(View<float> y, «{{argument}}») { public void Execute() => y[0] = 1; }
                """, $"The argument {argument}");
        yield return Declaration("GCNN006",
            "[Kernel(1)] public readonly partial struct K(View<float> y, «[Specialization] double d») "
            + "{ public void Execute() => y[0] = 1; }");
        foreach (string constraint in (string[])["", "where T : unmanaged", "where T : struct, IDisposable",
            "where T : unmanaged, Enum, IDisposable"])
            yield return Declaration("GCNN035", $$"""
                public readonly struct S : IDisposable { public void Dispose() { } }
                [Kernel(1)] public readonly partial struct K<«T»>(View<float> y) {{constraint}} { public void Execute() => y[0] = 1; }
                """, $"A type parameter {constraint}");
        foreach (string candidate in (string[])[
            "", "public readonly struct S;", "public readonly struct S<T> : IFunction;",
            "public readonly struct S(string s) : IFunction { public string Text => s; }",
            "public sealed class S : IFunction;", "public class C { private readonly struct S : IFunction; }"])
        {
            yield return Declaration("GCNN036", $$"""
                public interface IFunction; {{candidate}}
                [Kernel(1)] public readonly partial struct K<«T»>(View<float> y) where T : unmanaged, IFunction
                { public void Execute() => y[0] = 1; }
                """, $"No struct for a type parameter: {candidate}");
        }
        yield return Declaration("GCNN005", """
            public interface IFunction;
            public readonly struct Flag : IFunction { public readonly bool On; }
            public readonly struct None : IFunction;
            [Kernel(1)] public readonly partial struct K<T>(View<float> y, «T function») where T : unmanaged, IFunction
            { public void Execute() => y[0] = 1; }
            """, "An argument of the kernel's type parameter with an unfit field");
        yield return Declaration("GCNN005", """
            public interface IFunction;
            public readonly struct None : IFunction;
            public readonly struct Pair<T> { public readonly T Function; public readonly float Slope; }
            [Kernel(1)] public readonly partial struct K<T>(View<float> y, «Pair<T> pair») where T : unmanaged, IFunction
            { public void Execute() => y[0] = 1; }
            """, "An argument with a field that has no fields");
        yield return Declaration("GCNN018", """
            public interface IFunction { float Of(float x); }
            public readonly struct Root : IFunction { public float Of(float x) => «MathF.Sqrt(x)»; }
            public readonly struct Half : IFunction { public float Of(float x) => x / 2; }
            [Kernel(1)] public readonly partial struct K<T>(View<float> y, T function) where T : unmanaged, IFunction
            { public void Execute() => y[0] = function.Of(y[1]); }
            """, "In an implementation of a kernel's type parameter");
        yield return Declaration("GCNN027", """
            public interface IFunction { void Of(View<float> y); }
            public readonly struct Wait : IFunction { public void Of(View<float> y) { Group.Barrier(); } }
            [Kernel(1)] public readonly partial struct K<T>(View<float> y, T function) where T : unmanaged, IFunction
            { public void Execute() { «function.Of(y)»; } }
            """, "A barrier behind an interface");
        yield return Declaration("GCNN007", """
            public interface IFunction; public readonly struct None : IFunction;
            [Kernel(1)] public readonly partial struct K<T>(View<float> y, «View<T> z») where T : unmanaged, IFunction
            { public void Execute() => y[0] = 1; }
            """, "A view of a struct without fields");
        foreach ((string member, string name) in ((string, string)[])[
            ("public static partial class C { [Dispatched] public static void «M»<T, U>(T t) where T : unmanaged, IFunction { } }",
                "A method with two type parameters"),
            ("public static partial class C { [Dispatched] public static void «M»(int t) { } }", "A method without one"),
            ("public static class C { [Dispatched] public static void «M»<T>(T t) where T : unmanaged, IFunction { } }",
                "A type that is not partial"),
            ("public partial class C<U> { [Dispatched] public static void «M»<T>(T t) where T : unmanaged, IFunction { } }",
                "A generic type"),
            ("public partial class C { [Dispatched] public static T «M»<T>(T t) where T : unmanaged, IFunction => t; }",
                "A result of the type parameter"),
            ("public partial class C { [Dispatched] public static void «M»<T>(int t) where T : unmanaged, IFunction { } }", "No value"),
            ("public partial class C { [Dispatched] public static void «M»<T>(T t, T u) where T : unmanaged, IFunction { } }",
                "Two values"),
            ("public partial class C { [Dispatched] public static void «M»<T>(T t, View<T> u) where T : unmanaged, IFunction { } }",
                "A view of values"),
            ("public partial class C { [Dispatched] public static void «M»<T>(T t, in int u) where T : unmanaged, IFunction { } }",
                "A reference"),
            ("public partial class C { [Dispatched] public static void «M»<T>(T t) where T : unmanaged, IFunction, IOther { } }"
                + "public interface IOther; public readonly struct Both : IFunction, IOther;", "Two interfaces"),
            ("[Dispatched] public sealed class «C»<T>(T t) where T : unmanaged, IFunction { public T V => t; }",
                "A class without an interface"),
            ("[Dispatched] public sealed class «C»<T> : IOther where T : unmanaged, IFunction { public C(T t) { } public C(T t, int i) { } "
                + "} public interface IOther;", "Two constructors"),
            ("[Dispatched] public readonly struct «C»<T>(T t) : IOther where T : unmanaged, IFunction { public T V => t; }"
                + "public interface IOther;", "A struct that is no kernel"),
        ])
        {
            yield return Declaration("GCNN038", $"public interface IFunction; public readonly struct None : IFunction;\n{member}",
                $"Dispatched: {name}");
        }
        yield return Declaration("GCNN019",
            "[Kernel(1)] public readonly partial struct K(View<float> y, «in int d») { public void Execute() => y[0] = 1; }",
            "A reference as an argument");
    }

    [TestCaseSource(nameof(Bodies))]
    [TestCaseSource(nameof(Declarations))]
    public void RuleIsReportedAtItsPlace(string id, string source, string[] places, string[] more)
    {
        (ImmutableArray<Diagnostic> diagnostics, _, _) = GeneratorRun.Run(source);
        Assert.That(diagnostics.Select(diagnostic => diagnostic.Id), Is.EquivalentTo(places.Select(_ => id).Concat(more)),
            () => string.Join("\n", diagnostics));
        string[] found = [.. diagnostics.Where(diagnostic => diagnostic.Id == id)
            .Select(diagnostic => source.Substring(diagnostic.Location.SourceSpan.Start, diagnostic.Location.SourceSpan.Length))];
        if (more.Length == 0) Assert.That(found, Is.EqualTo(places));
        else Assert.That(found, Is.SupersetOf(places));
        foreach (Diagnostic diagnostic in diagnostics)
            Assert.That(diagnostic.GetMessage(), Does.Not.Match(@"\{\d\}"), "a placeholder of the message is not filled");
    }

    /// <summary>The compiler does not stop at the first error: the list is complete, and every entry is located on its syntax.</summary>
    [Test]
    public void FiveConstructsGiveFiveDiagnosticsInOneBuild()
    {
        const string Source = """
            namespace Sample;

            [Kernel(64)]
            public readonly partial struct Five(View<float> y, int n)
            {
                public void Execute()
                {
                    int i = GlobalId.X;
                    if (i >= n) throw new IndexOutOfRangeException();
                    float root = MathF.Sqrt(y[i]);
                    y[i] = root + Helper.Next(y, i++);
                    int length = y.Length;
                    y[0] = Helper.Count;
                }
            }

            public static class Helper
            {
                public static float Count = 3;

                public static float Next(View<float> y, int i)
                {
                    unsafe { int* p = &i; }
                    return y[i + 1];
                }
            }
            """;
        (ImmutableArray<Diagnostic> diagnostics, ImmutableArray<Diagnostic> errors, _) = GeneratorRun.Run(Source);
        Assert.That(diagnostics.Where(diagnostic => diagnostic.Id != "GCNN019").OrderBy(diagnostic => diagnostic.Location.SourceSpan.Start)
            .Select(diagnostic => (diagnostic.Id,
                Source.Substring(diagnostic.Location.SourceSpan.Start, diagnostic.Location.SourceSpan.Length),
                diagnostic.Location.GetLineSpan().StartLinePosition.Line + 1)),
            Is.EqualTo(new[]
            {
                ("GCNN010", "throw new IndexOutOfRangeException();", 9),
                ("GCNN018", "MathF.Sqrt(y[i])", 10),
                ("GCNN024", "i++", 11),
                ("GCNN026", "y.Length", 12),
                ("GCNN013", "Helper.Count", 13),
            }));
        // An error in a helper is reported too, in the same build.
        Assert.That(diagnostics.Where(diagnostic => diagnostic.Id == "GCNN019")
            .Select(diagnostic => diagnostic.Location.GetLineSpan().StartLinePosition.Line + 1), Has.Some.EqualTo(23));
        Assert.That(errors, Is.Empty, "the kernel lost its interface, so its users have errors too");
    }

    [Test]
    public void ErrorsOfCSharpAreNotRepeated()
    {
        (ImmutableArray<Diagnostic> diagnostics, ImmutableArray<Diagnostic> errors, _) = GeneratorRun.Run(
            "namespace N; [Kernel(8)] public readonly partial struct K(View<float> y) "
            + "{ public void Execute() { Group.Barrier(); y[0] = missing; } }");
        Assert.That(diagnostics, Is.Empty);
        Assert.That(errors.Select(error => error.Id), Is.EqualTo(new[] { "CS0103" }));
    }

    [Test]
    public void KernelWithoutErrorsCompilesWithoutWarnings()
    {
        (ImmutableArray<Diagnostic> diagnostics, ImmutableArray<Diagnostic> errors, Compilation output) = GeneratorRun.Run(
            """
            namespace N;
            [Kernel(8)]
            public readonly partial struct K(View<float> y, [Specialization] int @class, uint @half)
            { public void Execute() { Group.Barrier(); y[0] = @class + @half; } }
            """);
        Assert.That(diagnostics.Concat(errors)
            .Concat(output.GetDiagnostics().Where(item => item.Severity == DiagnosticSeverity.Warning)), Is.Empty);
    }

    [Test]
    public void EveryRuleIsTrackedAndHasATest()
    {
        Type rules = typeof(KernelGenerator).Assembly.GetType("GpuCnn.Compiler.Diagnostics.Rules")!;
        var descriptors = (IReadOnlyDictionary<string, DiagnosticDescriptor>)rules.GetProperty("ById")!.GetValue(null)!;
        string[] tested = [.. Bodies().Concat(Declarations()).Select(item => (string)item.Arguments[0]!)];
        Assert.That(descriptors.Keys, Is.SubsetOf(tested));
        string[] tracked = [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Compiler", "AnalyzerReleases.Unshipped.md"))
            .Where(line => line.StartsWith("GCNN", StringComparison.Ordinal))];
        Assert.That(tracked,
            Is.EqualTo(descriptors.Values.OrderBy(rule => rule.Id, StringComparer.Ordinal)
            .Select(rule => $"{rule.Id} | {rule.Category} | {rule.DefaultSeverity} | {rule.Title}")));
    }

    private static TestCaseData Body(
        string id, string body, string types = "", string members = "", string[]? places = null, string[]? more = null, string? rule = null,
            string? name = null)
    {
        string source = $$"""
            namespace Sample;
            [Kernel(64)]
            public readonly partial struct K(View<float> y, ReadOnlyView<float> x, View<int> o, [Specialization] int size, int n)
            {
                {{members}}
                public void Execute()
                {
                    int i = GlobalId.X;
                    {{body}}
                }
            }
            {{types}}
            """;
        return Case(rule ?? id, source, name ?? body + members, places, more);
    }

    private static TestCaseData Declaration(string id, string source, string? name = null) =>
        Case(id, "namespace Sample;\n" + source, name ?? source, null, null);

    private static TestCaseData Case(string id, string source, string name, string[]? places, string[]? more)
    {
        int start = source.IndexOf('«', StringComparison.Ordinal), end = source.IndexOf('»', StringComparison.Ordinal);
        places ??= [source[(start + 1)..end]];
        string clean = source.Replace("«", "", StringComparison.Ordinal).Replace("»", "", StringComparison.Ordinal);
        string title = name.Replace("«", "", StringComparison.Ordinal).Replace("»", "", StringComparison.Ordinal).Replace('"', '\'').Trim();
        return new TestCaseData(id, clean, places, more ?? []).SetArgDisplayNames(id, title.Length > 70 ? title[..70] : title);
    }
}

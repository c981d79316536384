using static GpuCnn.Tests.Compiler.Ilgpu.IlgpuAnswer;

namespace GpuCnn.Tests.Compiler.Ilgpu;

/// <summary>Constructs that ILGPU fails to compile. No device supports most of them.</summary>
internal static class Unreadable
{
    public static IEnumerable<Construct> All() =>
    [
        Of("throw", "GCNN010", "if (x == 5) throw new InvalidOperationException(); return x;"),
        Of("try", "GCNN010", "try { x++; } finally { x++; } return x;"),
        Of("using", "GCNN009", "using var d = new D(); return x;", "struct D : IDisposable { public void Dispose() { } }"),
        Of("A lambda", "GCNN011", "Func<int, int> f = v => v + 1; return f(x);"),
        Of("A function pointer", "GCNN019", "delegate*<int, int> f = &G; return f(x);", "static int G(int x) => x + 1;"),
        Of("A local function that captures", "GCNN011", "int z = x + 1; return Add(3); int Add(int q) => q + z;"),
        Of("stackalloc", "GCNN007", "Span<int> s = stackalloc int[4]; s[x & 3] = x; return s[0];"),
        Of("A span of constants", "GCNN012", "ReadOnlySpan<int> t = [3, 1, 4, 1]; return t[x & 3];"),
        Of("An inline array", "GCNN008", "var f = new Four(); f[0] = x; f[1] = 2; return f[0] + f[1];",
            "[InlineArray(4)] struct Four { private int _first; }"),
        Of("A range of an array", "GCNN012", "int[] a = [3, 1, 4, 1]; return a[1..].Length + x;"),
        Of("A static array", "GCNN013", "return Values[x & 3];", "static readonly int[] Values = [1, 2, 3, 4];"),
        Of("A static variable", "GCNN013", "return x + S;", "static int S = 3;"),
        Of("== of records", "GCNN017", "return new Pair(x, 2) == new Pair(3, 2) ? 1 : 0;", "record struct Pair(int A, int B);"),
        Of("Unsafe.SizeOf", "GCNN017", "return x + Unsafe.SizeOf<Pair>();", "record struct Pair(int A, int B);"),
        Of("A default member of an interface", "GCNN014", "return Call(new S(), x);",
            """
            interface IHas { int Twice(int x) => x * 2; }
            struct S : IHas;
            static int Call<THas>(THas t, int x) where THas : unmanaged, IHas => t.Twice(x);
            """),
        Of("A class", "GCNN012", "var c = new C(); c.X = x; return c.X;", "class C { public int X; }"),
        Of("Boxing", "GCNN012", "object o = x; return (int)o;"),
        Of("A string", "GCNN014", "return $\"{x}\".Length;"),
        Of("typeof", "GCNN008", "return typeof(int) == typeof(long) ? 1 : x;"),
        Of("nint", "GCNN007", "nint n = x; return (int)(n + 1);"),
        Of("decimal", "GCNN007", "decimal d = x; return (int)d;"),
        Of("System.Half", "GCNN017", "return (int)(float)(Half)(float)(x & 255);"),
        Of("A vector of the base library", "GCNN007", "var v = new Vector4(x, 2, 3, 4); return (int)(v.X + v.Y);"),
        Of("Fields that overlap", "GCNN007", "var u = new U { F = 3.5f }; return u.I + x;",
            "[StructLayout(LayoutKind.Explicit)] struct U { [FieldOffset(0)] public float F; [FieldOffset(0)] public int I; }"),
        Of("Math.Clamp", "GCNN018", "return Math.Clamp(x, -5, 100);"),
        Of("BitOperations.Log2", "GCNN018", "return BitOperations.Log2((uint)x | 1);"),
        Of("Volatile.Read", "GCNN017", "return System.Threading.Volatile.Read(ref x);"),
    ];

    private static Construct Of(string name, string diagnostic, string body, string members = "") =>
        Constructs.OfInt(name, CannotRead, diagnostic, body, members: members);
}

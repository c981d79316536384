using static GpuCnn.Tests.Compiler.Ilgpu.IlgpuAnswer;

namespace GpuCnn.Tests.Compiler.Ilgpu;

/// <summary>
/// The table: construct, ILGPU's answer, what to write instead, the rule that says so. Right answers are those of the C# itself. A row whose test turns red because ILGPU answers rightly is a rule
/// that can go.
/// </summary>
internal static class Constructs
{
    private const string Divide = "static int D(int x, int d) => x / d;";

    /// <summary>x / 2^k is an arithmetic shift, whatever the sign and the type, and wherever ILGPU learns that the divisor is 2^k.</summary>
    private static readonly Construct[] Divisions =
    [
        new("A signed quotient", "return x / 4;", WrongOnOpenCl, "GCNN040", "return x >> 2;") { Ptx = @"shr\.s32" },
        new("A signed quotient by a variable", "int d = 4; return x / d;", WrongOnOpenCl, "GCNN040", "int d = 4; return KernelMath.Max(x, 0) / d;"),
        new("A signed quotient in a helper", "return D(x, 8);", WrongOnOpenCl, "GCNN040", "return D(KernelMath.Max(x, 0), 8);", Divide),
        new("A signed quotient as an assignment", "x /= 4; return x;", WrongOnOpenCl, "GCNN040", "x >>= 2; return x;"),
        new("A signed quotient of 64 bits", "return (int)((long)x * 5 / 4);", WrongOnOpenCl, "GCNN040", "return (int)((long)x * 5 >> 2);"),
        new("A signed quotient by the counter of an unrolled loop", "int s = 0; for (int i = 1; i < 6; i++) s += x / i; return s;", WrongUnrolled, "GCNN040",
            "int s = 0; for (int i = 1; i < 6; i++) s += KernelMath.Max(x, 0) / i; return s;"),
        new("An unsigned quotient", "return (int)((uint)x / 8);", WrongOnOpenCl, "GCNN041", "return (int)((uint)x >> 3);") { Ptx = @"shr\.s32" },
    ];

    /// <summary>The C# compiler makes 'c ? 1 : 0' the bool c, and ILGPU keeps it one: as a float it is the bits of the integer 1, and its negation is 'not'.</summary>
    private static readonly Construct[] Truths =
    [
        new("A choice of 1 and 0 as a float", "return x > 2 ? 1 : 0;", WrongOnOpenCl, "GCNN044", "return x > 2 ? 1f : 0f;") { IsFloat = true, Ptx = "0f00000001" },
        new("A choice of 0 and 1 as a float", "int k = x > 2 ? 0 : 1; return k;", WrongOnOpenCl, "GCNN044", "return x > 2 ? 0f : 1f;") { IsFloat = true },
        new("A negated choice of 1 and 0", "return -(x > 2 ? 1 : 0);", WrongOnOpenCl, "GCNN044", "return x > 2 ? -1 : 0;"),
        new("A complemented choice of 1 and 0", "return ~(x > 2 ? 1 : 0);", WrongOnOpenCl, "GCNN044", "return x > 2 ? -2 : -1;"),
    ];

    /// <summary>Two conversions become one: from where the first starts to where the last ends.</summary>
    private static readonly Construct[] Conversions =
    [
        new("ushort to short", "return (short)(ushort)x;", WrongOnOpenCl, "GCNN045", "return x << 16 >> 16;"),
        new("byte to sbyte", "byte b = (byte)x; return (sbyte)b;", WrongOnOpenCl, "GCNN045", "return x << 24 >> 24;"),
        new("sbyte to byte", "return (byte)(sbyte)x;", WrongOnOpenCl, "GCNN045", "return x & 0xFF;"),
        new("byte to int to sbyte", "int b = (byte)x; return (sbyte)b;", WrongOnOpenCl, "GCNN045", "return x << 24 >> 24;"),
        new("int to ulong to double", "return (int)((double)(ulong)x * 1e-12);", WrongOnOpenCl, "GCNN045", "return (int)((double)x * 1e-3);"),
        new("float to int to short", "return (short)(int)(x * 30000);", WrongInPtx, "GCNN045", "return (int)(x > 0 && x < 200 ? x * 30000 : 0) << 16 >> 16;") { IsFloat = true, Ptx = @"cvt\.rzi\.s16\.f32" },
        new("float to long to int", "return (int)(long)(x > 0 && x < 100 ? x * 3e9f : 0);", WrongOnOpenCl, "GCNN045", "return (int)((long)(x > 0 && x < 100 ? x * 3e9f : 0) >> 1);") { IsFloat = true },
        new("float to uint to int", "return (int)(uint)(x > 0 && x < 10 ? x * 4e8f : 0);", WrongOnOpenCl, "GCNN045", "return (int)((uint)(x > 0 && x < 10 ? x * 4e8f : 0) >> 1);") { IsFloat = true },
    ];

    /// <summary>What C# says of NaN.</summary>
    private static readonly Construct[] NaNs =
    [
        new("A negated comparison", "return !(x <= 2) ? 6f : 5f;", WrongOnOpenClButMended, "GCNN042", "return KernelMath.IsNaN(x) || x > 2 ? 6f : 5f;") { IsFloat = true },
        new("A constant on the left", "return 2 < x ? 6f : 5f;", WrongInPtx, "GCNN043", "return x > 2 ? 6f : 5f;") { IsFloat = true, Ptx = @"setp\.gtu" },
        new("A variable constant on the left", "float limit = 2; float r = 5; if (limit < x) r = 6; return r;", WrongInPtx, "GCNN043", "float limit = 2; return x > limit ? 6f : 5f;") { IsFloat = true, Ptx = @"setp\.gtu" },
        new("The larger of two floats", "return MathF.Max(x, 2);", WrongOnOpenCl, "GCNN018", "return KernelMath.IsNaN(x) ? x : KernelMath.MaxNumber(x, 2);") { IsFloat = true, Ptx = @"max\.f32" },
        new("The smaller of two floats", "return MathF.Min(x, 2);", WrongOnOpenCl, "GCNN018", "return KernelMath.IsNaN(x) ? x : KernelMath.MinNumber(x, 2);") { IsFloat = true },
        // What an 'if' skips is what ILGPU asks for: all of these are right once the comparison is printed as it is meant.
        new("if", "float r = 5; if (x < 2) r = 6; return r;", WrongOnOpenClButMended, null) { IsFloat = true },
        new("if that returns", "if (x <= 2) return 3; return 4;", WrongOnOpenClButMended, null) { IsFloat = true },
        new("if with and", "float r = 5; if (x > 2 && x < 100) r = 6; return r;", WrongOnOpenClButMended, null) { IsFloat = true },
        new("if with or", "float r = 5; if (x > 2 || x < -1) r = 6; return r;", WrongOnOpenClButMended, null) { IsFloat = true },
        new("A choice with and", "float y = 1; return x > 2 && y < 50 ? 6f : 5f;", WrongOnOpenClButMended, null) { IsFloat = true },
        new("A choice with a negated and", "return !(x > 2 && x < 50) ? 6f : 5f;", WrongOnOpenClButMended, null) { IsFloat = true },
        new("for", "float r = 0; for (float s = x; s < 4 && r < 9; s += 1) r += 1; return r;", WrongOnOpenClButMended, null) { IsFloat = true },
        new("do while", "float r = 0, s = x; do { s += 1; r += 1; } while (s < 4 && r < 9); return r;", WrongOnOpenClButMended, null) { IsFloat = true },
        new("To int beyond its ends", "return (int)x;", WrongOnOpenClButMended, null) { IsFloat = true, IsLeftToTheProcessor = true },
        new("To uint beyond its ends", "return (uint)x;", WrongOnOpenClButMended, null) { IsFloat = true, IsLeftToTheProcessor = true },
        new("To long beyond its ends", "return (long)x;", WrongOnOpenClButMended, null) { IsFloat = true, IsLeftToTheProcessor = true },
        new("From double to int beyond its ends", "double d = x; return (int)(d * 1e10);", WrongOnOpenClButMended, null) { IsFloat = true, IsLeftToTheProcessor = true },
    ];

    /// <summary>Float arithmetic with constants is simplified as if it were of real numbers.</summary>
    private static readonly Construct[] Constants =
    [
        new("A sum with two constants", "return x + 16777216f + 1f;", WrongOnOpenCl, "GCNN046", "return x + 16777217f;") { IsFloat = true },
        new("A difference with two constants", "return x - 16777216f - 1f;", WrongOnOpenCl, "GCNN046", "return x - 16777217f;") { IsFloat = true },
        new("A product with two constants", "return x * 1e-30f * 1e30f;", WrongOnOpenCl, "GCNN046", "return x * 1f;") { IsFloat = true },
        new("A difference from zero", "return 1 / (0 - x);", WrongOnOpenCl, "GCNN046", "return 1 / -x;") { IsFloat = true },
        new("A sum with zero", "return 1 / (x + 0f);", WrongOnOpenCl, "GCNN046", "return 1 / x;") { IsFloat = true },
    ];

    /// <summary>
    /// ILGPU's unrolling pass, which its authors have switched off, loses what an 'if' skips where that is a loop, and throws where the loop around stays one: it is not used. The pass that is used asks
    /// for one way round and one way out.
    /// </summary>
    private static readonly Construct[] Loops =
    [
        new("if around a loop in an unrolled loop", "int s = 0; for (int i = 0; i < 4; i++) { if ((x >> i & 1) == 1) { for (int j = 0; j < 3; j++) s += j; } s ^= i; } return s;", WrongUnrolled, null),
        new("if around an unrolled loop in a loop", "int s = 0; for (int j = 0; j < (x & 7); j++) { if (j != 2) { for (int i = 0; i < 4; i++) s += i * j; } } return s;", ThrowsUnrolled, null),
        new("continue in unrolled loops", "int s = 0; for (int i = 0; i < 4; i++) { if ((x >> i & 1) == 0) continue; for (int j = 0; j < 3; j++) s += j; } return s;", WrongUnrolled, "GCNN047",
            "int s = 0; for (int i = 0; i < 4; i++) { for (int j = 0; j < 3; j++) s += (x >> i & 1) == 0 ? 0 : j; } return s;"),
        new("continue and break in unrolled loops", "int s = 0; for (int i = 0; i < 10; i++) { if (i == (x & 7)) continue; if (i > 8) break; for (int j = 0; j < 3; j++) s += i * j; } return s;", ThrowsUnrolled, "GCNN047",
            "int s = 0; for (int i = 0; i < 9; i++) { for (int j = 0; j < 3; j++) s += i == (x & 7) ? 0 : i * j; } return s;"),
    ];

    private static readonly Construct[] Unreadable =
    [
        new("throw", "if (x == 5) throw new InvalidOperationException(); return x;", Throws, "GCNN010"),
        new("try", "try { x++; } finally { x++; } return x;", Throws, "GCNN010"),
        new("using", "using var d = new D(); return x;", Throws, "GCNN009", Members: "struct D : IDisposable { public void Dispose() { } }"),
        new("A lambda", "Func<int, int> f = v => v + 1; return f(x);", Throws, "GCNN011"),
        new("A function pointer", "delegate*<int, int> f = &G; return f(x);", Throws, "GCNN019", Members: "static int G(int x) => x + 1;"),
        new("A local function that captures", "int z = x + 1; return Add(3); int Add(int q) => q + z;", Throws, "GCNN011"),
        new("stackalloc", "Span<int> s = stackalloc int[4]; s[x & 3] = x; return s[0];", Throws, "GCNN007"),
        new("A span of constants", "ReadOnlySpan<int> t = [3, 1, 4, 1]; return t[x & 3];", Throws, "GCNN012"),
        new("An inline array", "var f = new Four(); f[0] = x; f[1] = 2; return f[0] + f[1];", Throws, "GCNN008", Members: "[InlineArray(4)] struct Four { private int _first; }"),
        new("A range of an array", "int[] a = [3, 1, 4, 1]; return a[1..].Length + x;", Throws, "GCNN012"),
        new("A static array", "return Values[x & 3];", Throws, "GCNN013", Members: "static readonly int[] Values = [1, 2, 3, 4];"),
        new("A static variable", "return x + S;", Throws, "GCNN013", Members: "static int S = 3;"),
        new("== of records", "return new Pair(x, 2) == new Pair(3, 2) ? 1 : 0;", Throws, "GCNN017", Members: "record struct Pair(int A, int B);"),
        new("Unsafe.SizeOf", "return x + Unsafe.SizeOf<Pair>();", Throws, "GCNN017", Members: "record struct Pair(int A, int B);"),
        new("A default member of an interface", "return Call(new S(), x);", Throws, "GCNN014", Members: "interface IHas { int Twice(int x) => x * 2; } struct S : IHas; static int Call<TH>(TH t, int x) where TH : unmanaged, IHas => t.Twice(x);"),
        new("A class", "var c = new C(); c.X = x; return c.X;", Throws, "GCNN012", Members: "class C { public int X; }"),
        new("Boxing", "object o = x; return (int)o;", Throws, "GCNN012"),
        new("A string", "return $\"{x}\".Length;", Throws, "GCNN014"),
        new("typeof", "return typeof(int) == typeof(long) ? 1 : x;", Throws, "GCNN008"),
        new("nint", "nint n = x; return (int)(n + 1);", Throws, "GCNN007"),
        new("decimal", "decimal d = x; return (int)d;", Throws, "GCNN007"),
        new("System.Half", "return (int)(float)(Half)(float)(x & 255);", Throws, "GCNN017"),
        new("A vector of the base library", "var v = new Vector4(x, 2, 3, 4); return (int)(v.X + v.Y);", Throws, "GCNN007"),
        new("Fields that overlap", "var u = new U { F = 3.5f }; return u.I + x;", Throws, "GCNN007",
            Members: "[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Explicit)] struct U { [System.Runtime.InteropServices.FieldOffset(0)] public float F; [System.Runtime.InteropServices.FieldOffset(0)] public int I; }"),
        new("Math.Clamp", "return Math.Clamp(x, -5, 100);", Throws, "GCNN018"),
        new("BitOperations.Log2", "return BitOperations.Log2((uint)x | 1);", Throws, "GCNN018"),
        new("Volatile.Read", "return System.Threading.Volatile.Read(ref x);", Throws, "GCNN017"),
    ];

    public static IReadOnlyList<Construct> All { get; } = [.. Divisions, .. Truths, .. Conversions, .. NaNs, .. Constants, .. Loops, .. Unreadable];
}

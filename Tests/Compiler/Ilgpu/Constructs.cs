using static GpuCnn.Tests.Compiler.Ilgpu.IlgpuAnswer;

namespace GpuCnn.Tests.Compiler.Ilgpu;

/// <summary>
/// The table of constructs: a name, ILGPU's result, the rule that keeps it out of kernels; below, the construct and its replacement.
/// Correct results are those of the C# itself. If the test of a row fails because ILGPU is now correct, the rule can be removed.
/// </summary>
internal static class Constructs
{
    public static IReadOnlyList<Construct> All { get; } =
    [
        .. Divisions(), .. Truths(), .. Conversions(), .. Comparisons(), .. ConversionsFromFloat(), .. Constants(), .. Loops(),
        .. Unreadable.All(),
    ];

    internal static Construct OfInt(
        string name, IlgpuAnswer answer, string? diagnostic, string body, string? instead = null, string members = "",
        string? ptx = null) =>
        new(false, name, answer, diagnostic, body, instead) { Members = members, Ptx = ptx };

    private static Construct OfFloat(
        string name, IlgpuAnswer answer, string? diagnostic, string body, string? instead = null, string members = "",
        string? ptx = null) =>
        new(true, name, answer, diagnostic, body, instead) { Members = members, Ptx = ptx };

    private static Construct Mended(string name, string body) => OfFloat(name, WrongOnOpenClButMended, null, body);

    /// <summary>
    /// x / 2^k is an arithmetic shift for every sign and type, wherever ILGPU learns that the divisor is 2^k.
    /// </summary>
    private static IEnumerable<Construct> Divisions()
    {
        yield return OfInt("A signed quotient", WrongOnOpenCl, "GCNN040",
            "return x / 4;",
            "return x >> 2;", ptx: @"shr\.s32");
        yield return OfInt("A signed quotient by a variable", WrongOnOpenCl, "GCNN040",
            "int d = 4; return x / d;",
            "int d = 4; return KernelMath.Max(x, 0) / d;");
        yield return OfInt("A signed quotient in a helper", WrongOnOpenCl, "GCNN040",
            "return D(x, 8);",
            "return D(KernelMath.Max(x, 0), 8);", members: "static int D(int x, int d) => x / d;");
        yield return OfInt("A signed quotient as an assignment", WrongOnOpenCl, "GCNN040",
            "x /= 4; return x;",
            "x >>= 2; return x;");
        yield return OfInt("A signed quotient of 64 bits", WrongOnOpenCl, "GCNN040",
            "return (int)((long)x * 5 / 4);",
            "return (int)((long)x * 5 >> 2);");
        yield return OfInt("A signed quotient by the counter of an unrolled loop", WrongUnrolled, "GCNN040",
            "int s = 0; for (int i = 1; i < 6; i++) s += x / i; return s;",
            "int s = 0; for (int i = 1; i < 6; i++) s += KernelMath.Max(x, 0) / i; return s;");
        yield return OfInt("An unsigned quotient", WrongOnOpenCl, "GCNN041",
            "return (int)((uint)x / 8);",
            "return (int)((uint)x >> 3);", ptx: @"shr\.s32");
    }

    /// <summary>
    /// The C# compiler replaces 'c ? 1 : 0' with the bool c, and ILGPU keeps it a bool: converted to float it is the bits of the integer 1,
    /// and its negation is 'not'.
    /// </summary>
    private static IEnumerable<Construct> Truths()
    {
        yield return OfFloat("A choice of 1 and 0 as a float", WrongOnOpenCl, "GCNN044",
            "return x > 2 ? 1 : 0;",
            "return x > 2 ? 1f : 0f;", ptx: "0f00000001");
        yield return OfFloat("A choice of 0 and 1 as a float", WrongOnOpenCl, "GCNN044",
            "int k = x > 2 ? 0 : 1; return k;",
            "return x > 2 ? 0f : 1f;");
        yield return OfInt("A negated choice of 1 and 0", WrongOnOpenCl, "GCNN044",
            "return -(x > 2 ? 1 : 0);",
            "return x > 2 ? -1 : 0;");
        yield return OfInt("A complemented choice of 1 and 0", WrongOnOpenCl, "GCNN044",
            "return ~(x > 2 ? 1 : 0);",
            "return x > 2 ? -2 : -1;");
    }

    /// <summary>Two conversions become one, from the source of the first to the target of the second.</summary>
    private static IEnumerable<Construct> Conversions()
    {
        yield return OfInt("ushort to short", WrongOnOpenCl, "GCNN045",
            "return (short)(ushort)x;",
            "return x << 16 >> 16;");
        yield return OfInt("byte to sbyte", WrongOnOpenCl, "GCNN045",
            "byte b = (byte)x; return (sbyte)b;",
            "return x << 24 >> 24;");
        yield return OfInt("sbyte to byte", WrongOnOpenCl, "GCNN045",
            "return (byte)(sbyte)x;",
            "return x & 0xFF;");
        yield return OfInt("byte to int to sbyte", WrongOnOpenCl, "GCNN045",
            "int b = (byte)x; return (sbyte)b;",
            "return x << 24 >> 24;");
        yield return OfInt("int to ulong to double", WrongOnOpenCl, "GCNN045",
            "return (int)((double)(ulong)x * 1e-12);",
            "return (int)((double)x * 1e-3);");
        yield return OfFloat("float to int to short", WrongInPtx, "GCNN045",
            "return (short)(int)(x * 30000);",
            "return (int)(x > 0 && x < 200 ? x * 30000 : 0) << 16 >> 16;", ptx: @"cvt\.rzi\.s16\.f32");
        yield return OfFloat("float to long to int", WrongOnOpenCl, "GCNN045",
            "return (int)(long)(x > 0 && x < 100 ? x * 3e9f : 0);",
            "return (int)((long)(x > 0 && x < 100 ? x * 3e9f : 0) >> 1);");
        yield return OfFloat("float to uint to int", WrongOnOpenCl, "GCNN045",
            "return (int)(uint)(x > 0 && x < 10 ? x * 4e8f : 0);",
            "return (int)((uint)(x > 0 && x < 10 ? x * 4e8f : 0) >> 1);");
    }

    /// <summary>
    /// C#'s rules for NaN. ILGPU's OpenCL omits whether a comparison holds for NaN, and a compiled 'if' tests whether to skip; printing the
    /// full comparison corrects both. ILGPU also moves a constant from the left to the right as if that negated the comparison, which no
    /// later pass can detect.
    /// </summary>
    private static IEnumerable<Construct> Comparisons()
    {
        yield return OfFloat("A negated comparison", WrongOnOpenClButMended, "GCNN042",
            "return !(x <= 2) ? 6f : 5f;",
            "return KernelMath.IsNaN(x) || x > 2 ? 6f : 5f;");
        yield return OfFloat("A constant on the left", WrongInPtx, "GCNN043",
            "return 2 < x ? 6f : 5f;",
            "return x > 2 ? 6f : 5f;", ptx: @"setp\.gtu");
        yield return OfFloat("A variable constant on the left", WrongInPtx, "GCNN043",
            "float limit = 2; float r = 5; if (limit < x) r = 6; return r;",
            "float limit = 2; return x > limit ? 6f : 5f;", ptx: @"setp\.gtu");
        yield return OfFloat("A constant on the left in a helper", WrongInPtx, "GCNN043",
            "return Less(2, x) ? 6f : 5f;",
            "return Less(x, 2) ? 6f : 5f;", ptx: @"setp\.gtu", members: "static bool Less(float a, float b) => a < b;");
        yield return OfFloat("The larger of two floats", WrongOnOpenCl, "GCNN018",
            "return MathF.Max(x, 2);",
            "return KernelMath.IsNaN(x) ? x : KernelMath.MaxNumber(x, 2);", ptx: @"max\.f32");
        yield return OfFloat("The smaller of two floats", WrongOnOpenCl, "GCNN018",
            "return MathF.Min(x, 2);",
            "return KernelMath.IsNaN(x) ? x : KernelMath.MinNumber(x, 2);", ptx: @"min\.f32");
        yield return Mended("if", "float r = 5; if (x < 2) r = 6; return r;");
        yield return Mended("if that returns", "if (x <= 2) return 3; return 4;");
        yield return Mended("if with and", "float r = 5; if (x > 2 && x < 100) r = 6; return r;");
        yield return Mended("if with or", "float r = 5; if (x > 2 || x < -1) r = 6; return r;");
        yield return Mended("A choice with and", "float y = 1; return x > 2 && y < 50 ? 6f : 5f;");
        yield return Mended("A choice with a negated and", "return !(x > 2 && x < 50) ? 6f : 5f;");
        yield return Mended("for", "float r = 0; for (float s = x; s < 4 && r < 9; s += 1) r += 1; return r;");
        yield return Mended("do while", "float r = 0, s = x; do { s += 1; r += 1; } while (s < 4 && r < 9); return r;");
    }

    /// <summary>ILGPU writes a plain cast in OpenCL, which C leaves undefined beyond the integer's range.</summary>
    private static IEnumerable<Construct> ConversionsFromFloat()
    {
        yield return Mended("To int beyond its range", "return (int)x;") with { IsLeftToTheProcessor = true };
        yield return Mended("To uint beyond its range", "return (uint)x;") with { IsLeftToTheProcessor = true };
        yield return Mended("To long beyond its range", "return (long)x;") with { IsLeftToTheProcessor = true };
        yield return Mended("From double to int beyond its range", "return (int)((double)x * 1e10);") with { IsLeftToTheProcessor = true };
    }

    /// <summary>ILGPU simplifies float arithmetic with constants as if it were exact.</summary>
    private static IEnumerable<Construct> Constants()
    {
        yield return OfFloat("A sum with two constants", WrongOnOpenCl, "GCNN046",
            "return x + 16777216f + 1f;",
            "return x + 16777217f;");
        yield return OfFloat("A difference with two constants", WrongOnOpenCl, "GCNN046",
            "return x - 16777216f - 1f;",
            "return x - 16777217f;");
        yield return OfFloat("A product with two constants", WrongOnOpenCl, "GCNN046",
            "return x * 1e-30f * 1e30f;",
            "return x * 1f;");
        yield return OfFloat("A difference from zero", WrongOnOpenCl, "GCNN046",
            "return 1 / (0 - x);",
            "return 1 / -x;");
        yield return OfFloat("A sum with zero", WrongOnOpenCl, "GCNN046",
            "return 1 / (x + 0f);",
            "return 1 / x;");
    }

    /// <summary>
    /// ILGPU's unrolling pass, which its authors have switched off, loses a loop that an 'if' skips, and throws if the enclosing loop is
    /// not unrolled. It is unusable, with 'continue' or without. Unrolling in another way is simple if a loop has a single way around and a
    /// single way out.
    /// </summary>
    private static IEnumerable<Construct> Loops()
    {
        yield return OfInt("if around a loop in an unrolled loop", WrongUnrolled, null,
            "int s = 0; for (int i = 0; i < 4; i++) { if ((x >> i & 1) == 1) { for (int j = 0; j < 3; j++) s += j; } s ^= i; } return s;");
        yield return OfInt("if around an unrolled loop in a loop", CannotUnroll, null,
            "int s = 0; for (int j = 0; j < (x & 7); j++) { if (j != 2) { for (int i = 0; i < 4; i++) s += i * j; } } return s;");
        yield return OfInt("continue in unrolled loops", WrongUnrolled, "GCNN047",
            "int s = 0; for (int i = 0; i < 4; i++) { if ((x >> i & 1) == 0) continue; for (int j = 0; j < 3; j++) s += j; } return s;",
            "int s = 0; for (int i = 0; i < 4; i++) { for (int j = 0; j < 3; j++) s += (x >> i & 1) == 0 ? 0 : j; } return s;");
        yield return OfInt("continue and break in unrolled loops", CannotUnroll, "GCNN047",
            """
            int s = 0;
            for (int i = 0; i < 10; i++) { if (i == (x & 7)) continue; if (i > 8) break; for (int j = 0; j < 3; j++) s += i * j; }
            return s;
            """,
            "int s = 0; for (int i = 0; i < 9; i++) { for (int j = 0; j < 3; j++) s += i == (x & 7) ? 0 : i * j; } return s;");
    }
}

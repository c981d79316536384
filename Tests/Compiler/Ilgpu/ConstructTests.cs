using System.Collections.Immutable;
using System.Runtime.InteropServices;
using GpuCnn.Compiler;
using GpuCnn.Tests.Devices.OpenCl;
using ILGPU.Backends;
using Microsoft.CodeAnalysis;
using NUnit.Framework;
using static GpuCnn.Tests.Compiler.Ilgpu.IlgpuAnswer;

namespace GpuCnn.Tests.Compiler.Ilgpu;

/// <summary>
/// For each construct in <see cref="Constructs"/>: the compiler reports it, ILGPU still gets it wrong, and ILGPU gets the replacement
/// right.
/// </summary>
public sealed class ConstructTests
{
    private static readonly int[] Ints =
    [
        int.MinValue, -2147483647, -1000003, -129, -128, -9, -8, -7, -5, -4, -3, -2, -1, 0,
        1, 2, 3, 4, 5, 7, 8, 9, 127, 128, 65537, 1000003, int.MaxValue,
    ];

    private static readonly float[] Floats =
    [
        float.NaN, 0, -0.0f, 1, -1, 2, 3, 7, 8, 100, 1e-40f, 2147483648f, -3e9f, 16777217f,
        float.PositiveInfinity, float.NegativeInfinity,
    ];

    // One OpenCL kernel for many functions, because compiling a kernel takes half a second.
    private static readonly Dictionary<Batch, Dictionary<string, string[]>> Answers = [];

    private static IEnumerable<TestCaseData> All => Cases(_ => true);

    private static IEnumerable<TestCaseData> WithInstead => Cases(construct => construct.Instead is not null);

    private static IEnumerable<TestCaseData> Wrong =>
        Cases(construct => construct.Answer is WrongOnOpenCl or WrongUnrolled or WrongOnOpenClButMended);

    private static IEnumerable<TestCaseData> Mended => Cases(construct => construct.Answer is WrongOnOpenClButMended);

    private static IEnumerable<TestCaseData> InPtx => Cases(construct => construct.Ptx is not null);

    private static IEnumerable<TestCaseData> Throwing => Cases(construct => construct.Answer is CannotRead or CannotUnroll);

    [TestCaseSource(nameof(All))]
    public void CompilerReportsTheConstruct(Construct construct)
    {
        (ImmutableArray<Diagnostic> diagnostics, _, _) = GeneratorRun.Run(construct.Kernel());
        string[] ids = [.. diagnostics.Select(diagnostic => diagnostic.Id).Distinct()];
        if (construct.Diagnostic is null) Assert.That(ids, Is.Empty, () => string.Join("\n", diagnostics));
        else Assert.That(ids, Does.Contain(construct.Diagnostic), () => string.Join("\n", diagnostics));
    }

    [TestCaseSource(nameof(WithInstead))]
    public void CompilerAcceptsTheReplacement(Construct construct)
    {
        (ImmutableArray<Diagnostic> diagnostics, ImmutableArray<Diagnostic> errors, _) = GeneratorRun.Run(construct.Kernel(instead: true));
        Assert.That(diagnostics.Concat(errors), Is.Empty);
    }

    [TestCaseSource(nameof(Wrong))]
    public void IlgpuStillDiffersFromCSharp(Construct construct)
    {
        if (construct.IsLeftToTheProcessor && RuntimeInformation.ProcessArchitecture != Architecture.X64)
            Assert.Ignore("C leaves this to the processor, and this processor may give C#'s result.");
        Assert.That(AnswersOf(construct), Is.Not.EqualTo(Expected(construct)), "ILGPU is fixed: remove the rule, or the pass");
    }

    [TestCaseSource(nameof(WithInstead))]
    public void IlgpuComputesTheReplacementAsCSharpDoes(Construct construct) =>
        Assert.That(AnswersOf(construct, instead: true), Is.EqualTo(Expected(construct, instead: true)));

    [TestCaseSource(nameof(Mended))]
    public void CSharpMeaningPassCorrectsTheConstruct(Construct construct) =>
        Assert.That(AnswersOf(construct, isMended: true), Is.EqualTo(Expected(construct)));

    [TestCaseSource(nameof(InPtx))]
    public void PtxStillDiffersFromCSharp(Construct construct)
    {
        Assert.That(Ptx(construct), Does.Match(construct.Ptx!), "ILGPU is fixed: remove the rule");
        if (construct.Answer == WrongInPtx) Assert.That(Ptx(construct, instead: true), Does.Not.Match(construct.Ptx!));
    }

    [TestCaseSource(nameof(Throwing))]
    public void IlgpuStillFailsToCompileIt(Construct construct) =>
        Assert.That(() => Ptx(construct), Throws.Exception, "ILGPU compiles it now: remove the rule");

    /// <summary>NVIDIA's own conversion makes NaN the smallest integer if one of the types has 64 bits, and 0 otherwise.</summary>
    [Test]
    public void CSharpMeaningPassConvertsNaNToZeroInPtx()
    {
        var probe = new IlgpuProbe<float>(["static T F(T x) { return (long)x; }", "static T F(T x) { return (int)x; }"]);
        Assert.Multiple(() =>
        {
            Assert.That(probe.Ptx(0), Does.Match(@"cvt\.rzi\.s64\.f32").And.Not.Match(@"setp\.equ?\.f32"));
            Assert.That(probe.Ptx(0, new MeaningHook(isOpenCl: false)), Does.Match(@"setp\.eq\.f32"));
            Assert.That(probe.Ptx(1, new MeaningHook(isOpenCl: false)), Does.Match(@"cvt\.rzi\.s32\.f32").And.Not.Match(@"setp\.eq\.f32"));
        });
    }

    [Test]
    public void EveryRuleOfIlgpuIsInTheTable()
    {
        Type rules = typeof(KernelGenerator).Assembly.GetType("GpuCnn.Compiler.Diagnostics.Rules")!;
        var descriptors = (IReadOnlyDictionary<string, DiagnosticDescriptor>)rules.GetProperty("ById")!.GetValue(null)!;
        string[] ofIlgpu = [.. descriptors.Values.Where(IsOfIlgpu).Select(rule => rule.Id)];
        Assert.That(ofIlgpu, Is.Not.Empty);
        Assert.That(ofIlgpu, Is.SubsetOf(Constructs.All.Select(construct => construct.Diagnostic)));
        Assert.That(Constructs.All.Select(construct => construct.Name), Is.Unique);

        static bool IsOfIlgpu(DiagnosticDescriptor rule) => rule.MessageFormat.ToString(null).Contains("ILGPU", StringComparison.Ordinal);
    }

    private static IEnumerable<TestCaseData> Cases(Func<Construct, bool> of) =>
        Constructs.All.Where(of).Select(construct => new TestCaseData(construct).SetArgDisplayNames(construct.Name));

    private static string[] Expected(Construct construct, bool instead = false) => construct.IsFloat
        ? Texts(new IlgpuProbe<float>([construct.Function(instead)]).CSharp(Floats)[0])
        : Texts(new IlgpuProbe<int>([construct.Function(instead)]).CSharp(Ints)[0]);

    private static string Ptx(Construct construct, bool instead = false)
    {
        IBackendHook? hook = construct.IsUnrolled ? new UnrollHook() : null;
        string[] function = [construct.Function(instead)];
        return construct.IsFloat ? new IlgpuProbe<float>(function).Ptx(0, hook) : new IlgpuProbe<int>(function).Ptx(0, hook);
    }

    private static string[] AnswersOf(Construct construct, bool instead = false, bool isMended = false)
    {
        OpenClTestDevice.Require();
        // ILGPU's unrolling pass throws for some functions when they share a kernel.
        if (construct.IsUnrolled) return Texts(new IlgpuProbe<int>([construct.Function(instead)]).OpenCl(Ints, new UnrollHook())[0]);
        var batch = new Batch(construct.IsFloat, instead, isMended);
        if (!Answers.TryGetValue(batch, out Dictionary<string, string[]>? answers)) Answers.Add(batch, answers = Run(batch));
        return answers[construct.Name];
    }

    private static Dictionary<string, string[]> Run(Batch batch)
    {
        Construct[] constructs = [.. Constructs.All.Where(construct => construct.IsFloat == batch.IsFloat && !construct.IsUnrolled
            && (batch.Instead ? construct.Instead is not null : construct.Answer is not CannotRead))];
        string[] functions = [.. constructs.Select(construct => construct.Function(batch.Instead))];
        IBackendHook? hook = batch.IsMended ? new MeaningHook(isOpenCl: true) : null;
        string[][] answers = batch.IsFloat
            ? [.. new IlgpuProbe<float>(functions).OpenCl(Floats, hook).Select(Texts)]
            : [.. new IlgpuProbe<int>(functions).OpenCl(Ints, hook).Select(Texts)];
        return constructs.Select((construct, i) => (construct.Name, answers[i])).ToDictionary();
    }

    /// <summary>Formats results with their arguments, so that a failure can be read; all NaN are equal.</summary>
    private static string[] Texts<T>(T[] answers) where T : unmanaged =>
        [.. answers.Select((answer, i) => FormattableString.Invariant($"F({(answer is float ? Floats[i] : Ints[i])}) = {answer}"))];

    /// <summary>Functions that share a kernel.</summary>
    private readonly record struct Batch(bool IsFloat, bool Instead, bool IsMended);
}

using System.Collections.Immutable;
using System.Runtime.InteropServices;
using GpuCnn.Compiler;
using GpuCnn.Tests.Devices.OpenCl;
using ILGPU.Backends;
using Microsoft.CodeAnalysis;
using NUnit.Framework;

namespace GpuCnn.Tests.Compiler.Ilgpu;

/// <summary>Of each construct in <see cref="Constructs"/>: the compiler says what it should, ILGPU is still wrong, and is right of what is written instead.</summary>
public sealed class ConstructTests
{
    private static readonly int[] Ints =
        [int.MinValue, -2147483647, -1000003, -129, -128, -9, -8, -7, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 7, 8, 9, 127, 128, 65537, 1000003, int.MaxValue];

    private static readonly float[] Floats =
        [float.NaN, 0, -0.0f, 1, -1, 2, 3, 7, 8, 100, 1e-40f, 2147483648f, -3e9f, 16777217f, float.PositiveInfinity, float.NegativeInfinity];

    // One OpenCL kernel for many functions: to compile one takes half a second.
    private static readonly Dictionary<(bool IsFloat, bool IsUnrolled, bool Instead, bool IsMended), Lazy<Dictionary<string, string[]>>> Answers =
        (from isFloat in (bool[])[false, true]
         from isUnrolled in (bool[])[false, true]
         from instead in (bool[])[false, true]
         from isMended in (bool[])[false, true]
         select (isFloat, isUnrolled, instead, isMended)).ToDictionary(key => key, key => new Lazy<Dictionary<string, string[]>>(() => Run(key.isFloat, key.isUnrolled, key.instead, key.isMended)));

    private static IEnumerable<TestCaseData> All => Cases(_ => true);

    private static IEnumerable<TestCaseData> WithInstead => Cases(construct => construct.Instead is not null);

    private static IEnumerable<TestCaseData> Wrong => Cases(construct => construct.Answer is IlgpuAnswer.WrongOnOpenCl or IlgpuAnswer.WrongUnrolled or IlgpuAnswer.WrongOnOpenClButMended);

    private static IEnumerable<TestCaseData> Mended => Cases(construct => construct.Answer is IlgpuAnswer.WrongOnOpenClButMended);

    private static IEnumerable<TestCaseData> InPtx => Cases(construct => construct.Ptx is not null);

    private static IEnumerable<TestCaseData> Throwing => Cases(construct => construct.Answer is IlgpuAnswer.Throws or IlgpuAnswer.ThrowsUnrolled);

    [TestCaseSource(nameof(All))]
    public void TheCompilerSaysSo(Construct construct)
    {
        (ImmutableArray<Diagnostic> diagnostics, _, _) = GeneratorRun.Run(construct.Kernel());
        string[] ids = [.. diagnostics.Select(diagnostic => diagnostic.Id).Distinct()];
        if (construct.Diagnostic is null) Assert.That(ids, Is.Empty, () => string.Join("\n", diagnostics));
        else Assert.That(ids, Does.Contain(construct.Diagnostic), () => string.Join("\n", diagnostics));
    }

    [TestCaseSource(nameof(WithInstead))]
    public void WhatToWriteInsteadIsAccepted(Construct construct)
    {
        (ImmutableArray<Diagnostic> diagnostics, ImmutableArray<Diagnostic> errors, _) = GeneratorRun.Run(construct.Kernel(instead: true));
        Assert.That(diagnostics.Concat(errors), Is.Empty);
    }

    [TestCaseSource(nameof(Wrong))]
    public void IlgpuIsStillWrong(Construct construct)
    {
        OpenClTestDevice.Require();
        if (construct.IsLeftToTheProcessor && RuntimeInformation.ProcessArchitecture != Architecture.X64) Assert.Ignore("C leaves this to the processor, and this one may do as C# does.");
        string[] answers = Answers[(construct.IsFloat, construct.IsUnrolled, false, false)].Value[construct.Name];
        Assert.That(answers, Is.Not.EqualTo(Expected(construct, instead: false)), "ILGPU has mended it: the rule, or the pass, can go");
    }

    [TestCaseSource(nameof(WithInstead))]
    public void IlgpuIsRightOfWhatIsWrittenInstead(Construct construct)
    {
        OpenClTestDevice.Require();
        string[] answers = Answers[(construct.IsFloat, construct.IsUnrolled, true, false)].Value[construct.Name];
        Assert.That(answers, Is.EqualTo(Expected(construct, instead: true)));
    }

    [TestCaseSource(nameof(Mended))]
    public void ThePassMendsIt(Construct construct)
    {
        OpenClTestDevice.Require();
        string[] answers = Answers[(construct.IsFloat, construct.IsUnrolled, false, true)].Value[construct.Name];
        Assert.That(answers, Is.EqualTo(Expected(construct, instead: false)));
    }

    [TestCaseSource(nameof(InPtx))]
    public void ThePtxIsStillWrong(Construct construct)
    {
        Assert.That(Ptx(construct, instead: false), Does.Match(construct.Ptx!), "ILGPU has mended it: the rule can go");
        if (construct.Answer == IlgpuAnswer.WrongInPtx) Assert.That(Ptx(construct, instead: true), Does.Not.Match(construct.Ptx!));
    }

    [TestCaseSource(nameof(Throwing))]
    public void IlgpuStillCannotReadIt(Construct construct) =>
        Assert.That(() => Ptx(construct, instead: false), Throws.Exception, "ILGPU can read it now: the rule can go");

    [Test]
    public void EveryRuleOfIlgpuIsInTheTable()
    {
        Type rules = typeof(KernelGenerator).Assembly.GetType("GpuCnn.Compiler.Diagnostics.Rules")!;
        var descriptors = (IReadOnlyDictionary<string, DiagnosticDescriptor>)rules.GetProperty("ById")!.GetValue(null)!;
        string[] ofIlgpu = [.. descriptors.Values.Where(rule => rule.MessageFormat.ToString(null).Contains("ILGPU", StringComparison.Ordinal)).Select(rule => rule.Id)];
        Assert.That(ofIlgpu, Is.Not.Empty);
        Assert.That(ofIlgpu, Is.SubsetOf(Constructs.All.Select(construct => construct.Diagnostic)));
        Assert.That(Constructs.All.Select(construct => construct.Name), Is.Unique);
    }

    private static IEnumerable<TestCaseData> Cases(Func<Construct, bool> of) => Constructs.All.Where(of).Select(construct => new TestCaseData(construct).SetArgDisplayNames(construct.Name));

    private static string[] Expected(Construct construct, bool instead) => construct.IsFloat
        ? Texts(new IlgpuProbe<float>([construct.Function(instead)]).CSharp(Floats)[0])
        : Texts(new IlgpuProbe<int>([construct.Function(instead)]).CSharp(Ints)[0]);

    private static string Ptx(Construct construct, bool instead)
    {
        IBackendHook? hook = construct.IsUnrolled ? new UnrollHook() : null;
        return construct.IsFloat ? new IlgpuProbe<float>([construct.Function(instead)]).Ptx(0, hook) : new IlgpuProbe<int>([construct.Function(instead)]).Ptx(0, hook);
    }

    private static Dictionary<string, string[]> Run(bool isFloat, bool isUnrolled, bool instead, bool isMended)
    {
        Construct[] constructs = [.. Constructs.All.Where(construct => construct.IsFloat == isFloat && construct.IsUnrolled == isUnrolled
            && (instead ? construct.Instead is not null : construct.Answer is not (IlgpuAnswer.Throws or IlgpuAnswer.ThrowsUnrolled)))];
        string[] functions = [.. constructs.Select(construct => construct.Function(instead))];
        // ILGPU's unrolling pass throws at some functions when they are in one kernel.
        if (isUnrolled) return constructs.ToDictionary(construct => construct.Name, construct => Texts(new IlgpuProbe<int>([construct.Function(instead)]).OpenCl(Ints, new UnrollHook())[0]));
        IBackendHook? hook = isMended ? new MeaningHook(isOpenCl: true) : null;
        string[][] answers = isFloat
            ? [.. new IlgpuProbe<float>(functions).OpenCl(Floats, hook).Select(Texts)]
            : [.. new IlgpuProbe<int>(functions).OpenCl(Ints, hook).Select(Texts)];
        return constructs.Select((construct, i) => (construct.Name, answers[i])).ToDictionary();
    }

    /// <summary>With the argument before each, so that a failure can be read; all NaN are one.</summary>
    private static string[] Texts<T>(T[] answers) where T : unmanaged =>
        [.. answers.Select((answer, i) => FormattableString.Invariant($"F({(answer is float ? Floats[i] : Ints[i])}) = {answer}"))];
}

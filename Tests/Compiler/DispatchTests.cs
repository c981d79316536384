using System.Collections.Immutable;
using GpuCnn.Compiler;
using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Compiler.Samples;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using NUnit.Framework;

namespace GpuCnn.Tests.Compiler;

/// <summary>Generic code that is called for a struct whose type is known at run time.</summary>
public sealed class DispatchTests
{
    private const string Source = """
        namespace Sample;

        public interface IFunction { float Of(float x); }

        public readonly struct Half : IFunction { public float Of(float x) => x / 2; }

        public interface IResult { float Value { get; } }

        [Dispatched]
        public sealed class Applied<TFunction>(float x, TFunction function) : IResult where TFunction : unmanaged, IFunction
        {
            public float Value => function.Of(x);
        }
        """;

    [Test]
    public void AConstructorOfAClass()
    {
        Assert.That(Shifted.Of(3, new Several(4)), Is.TypeOf<Shifted<Several>>());
        Assert.That(Shifted.Of(3, new Several(4)).Value, Is.EqualTo(14), "the default of 'scale'");
        Assert.That(Shifted.Of(3, new One(), 5).Value, Is.EqualTo(20));
    }

    [Test]
    public void DefaultsOfAMethodStay()
    {
        IShift shift = new Several(7);
        Assert.That(Shifts.Describe(shift), Is.EqualTo(Shifts.Describe(new Several(7))).And.EqualTo("Several 7 1.5 Friday ."));
        Assert.That(Shifts.Describe(shift, 2, DayOfWeek.Monday, 3, ';'), Is.EqualTo("Several 7 2 Monday 3;"));
    }

    [Test]
    public void AnInstanceMethod()
    {
        var counter = new ShiftCounter();
        foreach (IShift shift in new IShift[] { new One(), new Several(10) }) counter.Add(2, shift);
        Assert.That(counter.Sum, Is.EqualTo(22));
    }

    [Test]
    public void AKernelIsLaunched()
    {
        using SampleDevice device = new DebugSampleDevice();
        DeviceBuffer<int> y = device.Buffer(new int[9]);
        IShift shift = new Several(5);
        SetAll.Launch(new Kernels.ImmediateLaunches(device), y, 9, shift);
        ShiftAll.Launch(new Kernels.ImmediateLaunches(device), y, new One(), new Size3(2));
        Assert.That(y.Span.ToArray(), Is.EqualTo(new[] { 6, 6, 6, 6, 6, 6, 6, 6, 5 }));
        Assert.That(device.Launched.Values.Select(variant => variant.Name), Is.EqualTo(new[] { "SetAll_Several", "ShiftAll_One" }));
    }

    [Test]
    public void NothingIsNoStruct() => Assert.Throws<ArgumentNullException>(() => Shifted.Of(3, null!));

    [Test]
    public void WhatIsAddedCompilesWithoutWarnings()
    {
        (ImmutableArray<Diagnostic> diagnostics, ImmutableArray<Diagnostic> errors, Compilation output) = GeneratorRun.Run(Source);
        Assert.That(diagnostics.Concat(errors).Concat(output.GetDiagnostics().Where(item => item.Severity == DiagnosticSeverity.Warning)),
            Is.Empty);
    }

    [TestCase("public static class Aside;", "public static class Aside { public const int One = 1; }",
        TestName = "A type that is no function")]
    [TestCase("public readonly struct Twice : IFunction { public float Of(float x) => x * 2; }",
        "public readonly struct Twice : IFunction { public float Of(float x) => x + x; }", TestName = "The body of a function")]
    public void AnUnrelatedEditEmitsNothing(string from, string to)
    {
        GeneratorRunResult result = RunTwice(from, to);
        Assert.That(Reasons(result, KernelGenerator.DispatchesStage), Is.All.AnyOf(IncrementalStepRunReason.Cached,
            IncrementalStepRunReason.Unchanged));
        Assert.That(result.TrackedOutputSteps.Values.SelectMany(steps => steps).SelectMany(step => step.Outputs).Select(output =>
            output.Reason),
            Is.All.EqualTo(IncrementalStepRunReason.Cached));
    }

    [Test]
    public void AnotherFunctionIsAnotherCase()
    {
        GeneratorRunResult result = RunTwice("", "public readonly struct Twice : IFunction { public float Of(float x) => x * 2; }");
        Assert.That(Reasons(result, KernelGenerator.DispatchesStage), Is.EqualTo(new[] { IncrementalStepRunReason.Modified }));
        string text = result.GeneratedSources.Single(source => source.HintName == "Sample.Applied.Of.g.cs").SourceText.ToString();
        Assert.That(text, Does.Contain("case global::Sample.Half own__: return new Applied<global::Sample.Half>(@x, own__);")
            .And.Contain("case global::Sample.Twice own__: return new Applied<global::Sample.Twice>(@x, own__);"));
    }

    private static IEnumerable<IncrementalStepRunReason> Reasons(GeneratorRunResult result, string stage) =>
        result.TrackedSteps[stage].SelectMany(step => step.Outputs).Select(output => output.Reason);

    private static GeneratorRunResult RunTwice(string before, string after)
    {
        const string Space = "namespace Sample; ";
        CSharpCompilation first = GeneratorRun.Compilation(Source, Space + before);
        GeneratorDriver driver = GeneratorRun.Driver().RunGenerators(first);
        SyntaxTree edited = first.SyntaxTrees[2];
        SyntaxTree next = CSharpSyntaxTree.ParseText(Space + after, (CSharpParseOptions)edited.Options, edited.FilePath);
        CSharpCompilation second = first.ReplaceSyntaxTree(edited, next);
        GeneratorRunResult result = driver.RunGenerators(second).GetRunResult().Results.Single();
        Assert.That(result.Diagnostics, Is.Empty);
        return result;
    }
}

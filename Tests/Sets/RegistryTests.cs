using System.Reflection;
using GpuCnn.Engine.Sets;
using GpuCnn.Models;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using NUnit.Framework;

namespace GpuCnn.Tests.Sets;

/// <summary>Implementations are found wherever they are; one that cannot be used gives one line.</summary>
public sealed class RegistryTests
{
    /// <summary>The program's own assembly is this one; the set is declared in it too.</summary>
    [Test]
    public void ImplementationsOfTheProgramAreFoundByName()
    {
        Assert.That(Registry<Fruit>.What, Is.EqualTo("fruit"));
        Assert.That(Registry<Fruit>.Names, Does.Contain("apple").And.Contain("pear").And.Not.Contain("of no use"));
        Assert.That(Registry<Fruit>.Find("Pear"), Is.TypeOf<Pear>().With.Property("Weight").EqualTo(3));
    }

    [Test]
    public void AnAssemblyThatIsRegisteredLaterJoins()
    {
        Assert.That(Registry<Fruit>.Names, Does.Not.Contain("quince"));
        Registry.Register(Compile("public sealed class Quince : GpuCnn.Tests.Sets.Fruit { public override string Name => \"quince\"; }"));
        Assert.That(Registry<Fruit>.Find("quince").GetType().Assembly, Is.Not.EqualTo(typeof(Fruit).Assembly));
    }

    [Test]
    public void AnUnknownNameIsOneLineWithTheKnownOnes()
    {
        var error = (UnknownNameException)OneLine.Thrown(() => Registry<Fruit>.Find("plum"), "fruit", "'plum'", "apple", "pear");
        Assert.That((error.What, error.Got), Is.EqualTo(("fruit", "plum")));
        Assert.That(error.Known, Is.EqualTo(Registry<Fruit>.Names));
    }

    [Test]
    public void AConstructorThatThrowsIsOneLine() =>
        OneLine.Thrown(() => _ = Registry<Broken>.All, nameof(Cracked), "constructor", "IOException", "no disk today");

    [Test]
    public void TwoOfOneNameAreOneLine() =>
        OneLine.Thrown(() => _ = Registry<Twin>.All, "twin", "'same'", nameof(First), nameof(Second), "rename");

    [Test]
    public void ConstructorsGetTheArgumentThatTheyTakeAlone()
    {
        IReadOnlyList<Taker> made = Registry.CreateAll<Taker>("given");
        Assert.That(made.Select(taker => taker.Text), Is.EqualTo(new[] { "given", "none" }));
    }

    [Test]
    public void ArchitecturesOfFamiliesAreFoundToo() =>
        Assert.That(Architecture.All.Select(architecture => architecture.Name),
            Does.Contain("lenet5").And.Contain("resnet18").And.Contain("vgg16").And.Unique);

    private static Assembly Compile(string source)
    {
        IEnumerable<MetadataReference> references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Append(typeof(RegistryTests).Assembly.Location).Distinct().Select(path => MetadataReference.CreateFromFile(path));
        var compilation =
            CSharpCompilation.Create("Later", [CSharpSyntaxTree.ParseText(source)], references, new(OutputKind.DynamicallyLinkedLibrary));
        using var stream = new MemoryStream();
        Assert.That(compilation.Emit(stream).Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error), Is.Empty);
        return Assembly.Load(stream.ToArray());
    }

    private sealed class Apple : Fruit
    {
        public override string Name => "apple";
    }

    private sealed class Pear(int weight = 3) : Fruit
    {
        public override string Name => "pear";

        public int Weight => weight;
    }

    /// <summary>Nothing can be made of it without being told more.</summary>
    private sealed class Basket(int size) : Fruit
    {
        public override string Name => $"of no use {size}";
    }

    private abstract class Broken : INamed
    {
        public abstract string Name { get; }
    }

    private sealed class Cracked : Broken
    {
        public Cracked() => throw new IOException("no disk\ntoday.");

        public override string Name => "cracked";
    }

    private abstract class Twin : INamed
    {
        public string Name => "same";
    }

    private sealed class First : Twin;

    private sealed class Second : Twin;

    private abstract class Taker
    {
        public virtual string Text => "none";
    }

    private sealed class Asking(string text) : Taker
    {
        private Asking() : this("nothing") { }

        public override string Text => text;
    }

    private sealed class Quiet : Taker;
}

/// <summary>A set to test with; public so that another assembly can join.</summary>
public abstract class Fruit : INamed
{
    public abstract string Name { get; }
}

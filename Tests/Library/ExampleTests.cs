using System.Collections.Immutable;
using System.Reflection;
using GpuCnn.Data;
using GpuCnn.Engine.Tensors;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using NUnit.Framework;

namespace GpuCnn.Tests.Library;

/// <summary>The programs of docs/examples: short, shown in the documentation, and run here on tiny data.</summary>
public sealed class ExampleTests
{
    private const int MostLines = 10;

    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Examples");

    // A pattern of what each prints.
    private static readonly Dictionary<string, string> Prints = new()
    {
        ["train"] = @"^\d+\s?% of the validation images are classified correctly\n\z",
        ["resume"] = @"^10 images evaluated\n\z",
        ["fine-tune"] = @"^(cat|dog) \d+\.\d %\n\z",
        ["evaluate"] = @"^top-1 \d+\.\d\s?%, loss \d+\.\d{3}, 10 images\n\z",
        ["predict"] = @"^(new-photos/\d\.png: (cat|dog) \d+\.\d %\n){3}\z",
        ["save-and-load"] = @"^lenet5: \d+ parameters, classes even, odd\n\z",
        ["export-logits"] = @"^\z",
        ["ranks"] = @"^1 rank: 2 images evaluated\n\z",
        ["own-network"] = @"^(cat|dog) \d+\.\d %\n\z",
    };

    [Test]
    public void EachExampleHasATest() => Assert.That(Names, Is.EquivalentTo(Prints.Keys));

    [TestCaseSource(nameof(Names))]
    public void HasAtMostTenLines(string name) => Assert.That(File.ReadAllLines(PathOf(name)), Has.Length.AtMost(MostLines));

    [TestCaseSource(nameof(Names))]
    public void IsShownInTheDocumentation(string name) =>
        Assert.That(Read("docs/library.md"), Does.Contain($"```csharp\n{File.ReadAllText(PathOf(name)).ReplaceLineEndings("\n")}```"));

    [Test]
    public void TheReadmeShowsFineTuning() =>
        Assert.That(Read("README.md"), Does.Contain($"```csharp\n{File.ReadAllText(PathOf("fine-tune")).ReplaceLineEndings("\n")}```"));

    [TestCaseSource(nameof(Names))]
    public void Runs(string name)
    {
        using TemporaryFolder folder = new();
        string home = Environment.CurrentDirectory;
        TextWriter console = Console.Out;
        using StringWriter output = new();
        try
        {
            Environment.CurrentDirectory = folder.Path;
            Prepare(name);
            Console.SetOut(output);
            Compile(name).EntryPoint!.Invoke(null, [Array.Empty<string>()]);
        }
        finally
        {
            Console.SetOut(console);
            Environment.CurrentDirectory = home;
        }
        Assert.That(output.ToString().ReplaceLineEndings("\n").Replace('\\', '/'), Does.Match(Prints[name]));
        if (name == "export-logits")
            Assert.That(File.ReadAllLines(folder["logits.csv"]), Has.Length.EqualTo(4).And.Exactly(1).EqualTo("file,cat,dog"));
    }

    private static IEnumerable<string> Names => Directory.GetFiles(Folder, "*.cs").Select(file => Path.GetFileNameWithoutExtension(file));

    private static string PathOf(string name) => Path.Combine(Folder, $"{name}.cs");

    private static string Read(string path) => File.ReadAllText(Path.Combine(TestData.RepositoryRoot, path)).ReplaceLineEndings("\n");

    /// <summary>The files that the examples name, in the current folder.</summary>
    private static void Prepare(string name)
    {
        string[] classes = ["cat", "dog"];
        for (int label = 0; label < classes.Length; label++)
            for (int number = 0; number < 5; number++) Draw($"photos/{classes[label]}/{number}.png", label, number);
        Draw("cat.png", 0, 7);
        for (int number = 0; number < 3; number++) Draw($"new-photos/{number}.png", number % 2, number);
        if (name == "fine-tune")
        {
            using var torch = Model.Create("resnet18", [.. Enumerable.Range(0, 1000).Select(index => $"{index}")], Cpu());
            torch.Save("resnet18.pth");
            return;
        }
        var photos = ImageData.Open("photos");
        using var model = Model.Create("smallcnn", photos.Classes, Cpu(), Shape.Volume(3, 16, 16));
        model.Fit(photos, new() { Epochs = 1, Batch = 4, Folder = "runs/photos" });
        model.Save("photos.safetensors");
    }

    private static Engine.Devices.Device Cpu() => Engine.Devices.Device.Open("cpu");

    private static void Draw(string path, int label, int seed)
    {
        var random = new Random(seed);
        var image = new PixelImage(24, 20, 3);
        for (int i = 0; i < image.Pixels.Length; i++) image.Pixels[i] = (byte)(random.Next(80) + (i % 3 == label ? 150 : 0));
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        ImageFile.Write(path, image);
    }

    /// <summary>Compiles an example as the SDK would, with its implicit usings.</summary>
    private static Assembly Compile(string name)
    {
        const string Usings = "global using System; global using System.IO; global using System.Linq; "
            + "global using System.Collections.Generic;";
        var parsing = new CSharpParseOptions(LanguageVersion.Preview);
        IEnumerable<PortableExecutableReference> references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path));
        var compilation = CSharpCompilation.Create($"example-{name}",
            [CSharpSyntaxTree.ParseText(Usings, parsing), CSharpSyntaxTree.ParseText(File.ReadAllText(PathOf(name)), parsing)],
            references, new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        using MemoryStream stream = new();
        ImmutableArray<Diagnostic> problems = compilation.Emit(stream).Diagnostics;
        Assert.That(problems.Where(problem => problem.Severity >= DiagnosticSeverity.Warning), Is.Empty);
        return Assembly.Load(stream.ToArray());
    }
}

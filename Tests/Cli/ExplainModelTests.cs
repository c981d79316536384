using System.Text.Json;
using System.Xml.Linq;
using GpuCnn.Models;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary><c>gpucnn explain MODEL</c> and <c>gpucnn summary MODEL --graph</c>.</summary>
public sealed class ExplainModelTests
{
    private static IEnumerable<string> Models => Architecture.All.Select(architecture => architecture.Name);

    /// <summary>Every network is explained: shares are those of the whole, and its text fits a terminal.</summary>
    [TestCaseSource(nameof(Models))]
    public void EveryNetworkIsExplained(string model)
    {
        JsonElement report = Succeed("explain", model, "--batch", "2", "--json").Json;
        JsonElement[] layers = [.. report.GetProperty("layers").EnumerateArray()];
        JsonElement[] inferring = [.. layers.Where(layer => !layer.GetProperty("isHead").GetBoolean())];
        Assert.That(inferring.Sum(layer => layer.GetProperty("parameterShare").GetDouble()), Is.EqualTo(1).Within(1e-9));
        Assert.That(inferring.Sum(layer => layer.GetProperty("macShare").GetDouble()), Is.EqualTo(1).Within(1e-9));
        Assert.That(inferring.Sum(layer => layer.GetProperty("parameters").GetInt64()),
            Is.EqualTo(report.GetProperty("parameters").GetInt64()));
        Assert.That(report.GetProperty("trainingBytes").GetInt64(), Is.GreaterThan(report.GetProperty("arenaBytes").GetInt64()));
        CommandResult narrow = Run(host => host with { Width = 60 }, "explain", model, "--batch", "2");
        Assert.That(narrow.Error, Is.Empty);
        // Addresses of papers stay whole.
        Assert.That(narrow.Output.Split('\n').Where(line => !line.Contains("://")), Has.All.Length.LessThanOrEqualTo(60));
    }

    [TestCaseSource(nameof(Models))]
    public void EveryNetworkIsDrawn(string model)
    {
        XElement figure = Draw("explain", model, "--figure");
        string[] texts = Texts(figure);
        Architecture architecture = Architecture.Find(model);
        Assert.That(texts, Does.Contain("input"));
        Assert.That(texts, Does.Contain($"{architecture.Input.Channels}@{architecture.Input.Height}x{architecture.Input.Width}"));
        Assert.That(texts, Does.Contain($"{architecture.Classes}").Or.Contain($"{architecture.Classes}@1x1"));

        XElement graph = Draw("summary", model, "--graph");
        (double X, double Y, double Right, double Bottom)[] boxes = [.. graph.Elements()
            .Where(shape => shape.Name.LocalName == "rect" && shape.Attribute("rx") is not null).Select(Box)];
        for (int i = 0; i < boxes.Length; i++)
            for (int j = 0; j < i; j++)
                Assert.That(boxes[i].X >= boxes[j].Right || boxes[j].X >= boxes[i].Right || boxes[i].Y >= boxes[j].Bottom
                    || boxes[j].Y >= boxes[i].Bottom, $"boxes {i} and {j}");
        // Each convolution and fully connected layer has a box, those of training heads too.
        foreach (JsonElement layer in Succeed("summary", model, "--batch", "2", "--json").Json is var summary
            ? summary.GetProperty("layers").EnumerateArray().Concat(summary.GetProperty("headLayers").EnumerateArray()) : [])
            if (layer.GetProperty("type").GetString() is "Conv2d" or "Linear")
                Assert.That(Texts(graph), Does.Contain(layer.GetProperty("name").GetString()));
    }

    // LeNet-5, CS231n's AlexNet and VGG-16.
    [TestCase("lenet5", "conv1", 5, 1, 2.5)]
    [TestCase("lenet5", "pool1", 6, 2, 3)]
    [TestCase("lenet5", "conv2", 14, 2, 7)]
    [TestCase("lenet5", "pool2", 16, 4, 8)]
    [TestCase("alexnet-lecture", "conv1", 11, 4, 5.5)]
    [TestCase("vgg16", "features.2", 5, 1, 0.5)]
    public void ReceptiveFieldsAreShown(string model, string layer, int size, int jump, double start)
    {
        JsonElement field = Layer(Succeed("explain", model, "--batch", "2", "--json").Json, layer).GetProperty("field").GetProperty("rows");
        Assert.That(field.GetProperty("size").GetInt32(), Is.EqualTo(size));
        Assert.That(field.GetProperty("jump").GetInt32(), Is.EqualTo(jump));
        Assert.That(field.GetProperty("start").GetDouble(), Is.EqualTo(start));
    }

    // Parameters of the convolution, without sharing, and fully connected: AlexNet's first layer is CS231n's example.
    [TestCase("alexnet-lecture", "conv1", 34_944, 105_705_600, 44_892_355_200)]
    [TestCase("lenet5", "conv1", 156, 122_304, 4_821_600)]
    [TestCase("lenet5", "conv2", 2_416, 241_600, 1_883_200)]
    [TestCase("vgg16", "features.0", 1_792, 89_915_392, 483_388_358_656)]
    public void ConvolutionsSaveWeights(string model, string layer, long shared, long unshared, long connected)
    {
        JsonElement row = Succeed("explain", model, "--batch", "2", "--json").Json.GetProperty("convolutions").EnumerateArray()
            .Single(row => row.GetProperty("layer").GetString() == layer);
        Assert.That(row.GetProperty("parameters").GetInt64(), Is.EqualTo(shared));
        Assert.That(row.GetProperty("parametersWithoutSharing").GetInt64(), Is.EqualTo(unshared));
        Assert.That(row.GetProperty("parametersFullyConnected").GetInt64(), Is.EqualTo(connected));
    }

    // Weights and multiply-adds as they are, and of the filters that 1x1 or a stack replaces.
    [TestCase("vgg16", "stacks", "features.24", "3x3 512, 3x3 512, 3x3 512", "7x7 512", 27 * 512 * 512, 49 * 512 * 512, 196)]
    [TestCase("resnet18", "stacks", "layer1.0.conv1", "3x3 64, 3x3 64", "5x5 64", 18 * 64 * 64, 25 * 64 * 64, 56 * 56)]
    [TestCase("googlenet", "reductions", "inception3a.branch3.0.conv", "1x1 16, 5x5 32", "5x5 32", 192 * 16 + 25 * 16 * 32, 25 * 192 * 32,
        28 * 28)]
    [TestCase("resnet50", "reductions", "layer1.1.conv1", "1x1 64, 3x3 64, 1x1 256", "3x3 256", 69_632, 9 * 256 * 256, 56 * 56)]
    [TestCase("squeezenet1_1", "reductions", "features.3.squeeze", "1x1 16, 1x1 64, 3x3 64", "1x1 64, 3x3 64", 64 * 16 + 160 * 64,
        10 * 64 * 64, 55 * 55)]
    [TestCase("mobilenet-v1", "reductions", "block1.depthwise", "3x3 depthwise, 1x1 64", "3x3 64", 9 * 32 + 32 * 64, 9 * 32 * 64,
        112 * 112)]
    [TestCase("densenet121", "reductions", "features.denseblock1.denselayer6.conv1", "1x1 128, 3x3 32", "3x3 32",
        224 * 128 + 9 * 128 * 32, 9 * 224 * 32, 56 * 56)]
    public void FiltersAreCompared(
        string model, string kind, string first, string built, string instead, long weights, long other, long area)
    {
        JsonElement row = Succeed("explain", model, "--batch", "2", "--json").Json.GetProperty(kind).EnumerateArray()
            .Single(row => row.GetProperty("layers")[0].GetString() == first);
        Assert.That(row.GetProperty("built").GetString(), Is.EqualTo(built));
        Assert.That(row.GetProperty("instead").GetString(), Is.EqualTo(instead));
        Assert.That(row.GetProperty("weights").GetInt64(), Is.EqualTo(weights));
        Assert.That(row.GetProperty("insteadWeights").GetInt64(), Is.EqualTo(other));
        Assert.That(row.GetProperty("macs").GetInt64(), Is.EqualTo(weights * area));
        Assert.That(row.GetProperty("insteadMacs").GetInt64(), Is.EqualTo(other * area));
    }

    [Test]
    public void NetworksWithoutStacksSaySo([Values("lenet5", "linear", "mlp")] string model)
    {
        JsonElement report = Succeed("explain", model, "--batch", "2", "--json").Json;
        Assert.That(report.GetProperty("reductions").GetArrayLength(), Is.Zero);
        Assert.That(Succeed("explain", model, "--batch", "2").Output, Does.Not.Contain("1x1 convolutions"));
    }

    /// <summary>A fully connected layer after a volume is a convolution over all of it, as CS231n turns AlexNet's into one.</summary>
    [TestCase("alexnet", "fc6 equals a convolution of its 256x6x6 input with 4,096 filters of 6x6")]
    [TestCase("lenet5", "fc1 equals a convolution of its 16x5x5 input with 120 filters of 5x5")]
    [TestCase("vgg16", "classifier.0 equals a convolution of its 512x7x7 input with 4,096 filters of 7x7")]
    public void FullyConnectedLayersEqualConvolutions(string model, string sentence) =>
        Assert.That(Succeed("explain", model, "--batch", "2").Output, Does.Contain(sentence));

    [Test]
    public void MemoryFollowsTheBatch()
    {
        long one = Memory("16"), two = Memory("32");
        Assert.That(two, Is.EqualTo(2 * one).Within(1 + one / 50));

        static long Memory(string batch) => Layer(Succeed("explain", "smallcnn", "--batch", batch, "--json").Json, "conv1")
            .GetProperty("activationBytes").GetInt64();
    }

    [Test]
    public void ShowsWhatSummaryShows()
    {
        string summary = Succeed("summary", "lenet5", "--batch", "8").Output, text = Succeed("explain", "lenet5", "--batch", "8").Output;
        Assert.That(text, Does.StartWith(summary));
    }

    [Test]
    public void OtherInputsAndClassesAreExplained()
    {
        JsonElement report = Succeed("explain", "lenet5", "--input", "3x48x40", "--classes", "7", "--batch", "2", "--json").Json;
        Assert.That(report.GetProperty("input").EnumerateArray().Select(size => size.GetInt32()), Is.EqualTo([3, 48, 40]));
        Assert.That(report.GetProperty("classes").GetInt32(), Is.EqualTo(7));
    }

    [TestCase("alexnt", "alexnet")]
    [TestCase("resnet5", "resnet50")]
    [TestCase("lenet", "lenet5")]
    [TestCase("VGG-16", "vgg16")]
    [TestCase("cat.jpg", "'cat.jpg'")]
    public void UnknownModelsAreNamed(string model, string near) => Fail(2, ["explain", model], "There is no model", near);

    [Test]
    public void ImageWithoutWeightsSaysWhatIsMissing()
    {
        string file = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"image-{Guid.NewGuid():N}.png");
        File.WriteAllText(file, "");
        Fail(2, ["explain", file], "is a file", "--weights");
        File.Delete(file);
    }

    [TestCase("con", "explain conv")]
    [TestCase("convolution", "explain conv")]
    [TestCase("pol", "explain pool")]
    [TestCase("Pooling", "explain pool")]
    public void MisspeltCommandsAreNamed(string word, string command) => Fail(2, ["explain", word], $"'{word}'", command);

    [TestCase("--input 3x8x8", "cannot be built")]
    [TestCase("--input 224", "--input")]
    [TestCase("--input 3xax8", "'3xax8'")]
    [TestCase("--classes 0", "'0'")]
    [TestCase("--batch x", "'x'")]
    public void BadNumbersAreOneLine(string option, string part) => Fail(2, ["explain", "alexnet", .. option.Split(' ')], part);

    [Test]
    public void FilesThatCannotBeWrittenAreOneLine()
    {
        string folder = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"missing-{Guid.NewGuid():N}");
        foreach (string path in (string[])[Path.Combine(folder, "x.svg"), Path.GetTempPath(), "/dev/null"])
        {
            Fail(1, ["explain", "lenet5", "--figure", path], "cannot be written");
            Fail(1, ["summary", "lenet5", "--graph", path], "cannot be written");
        }
        Fail(2, ["explain"], "a model, conv or pool");
        Fail(1, ["explain", "lenet5", "--batch", "2000000000"], "at most");
    }

    private static JsonElement Layer(JsonElement report, string name) =>
        report.GetProperty("layers").EnumerateArray().Single(layer => layer.GetProperty("name").GetString() == name);

    private static XElement Draw(string command, string model, string option)
    {
        string file = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{command}-{Guid.NewGuid():N}.svg");
        Assert.That(Succeed(command, model, "--batch", "2", option, file).Output, Does.Contain(Path.GetFileName(file)));
        XElement drawing = XElement.Load(file);
        File.Delete(file);
        return drawing;
    }

    private static string[] Texts(XElement drawing) =>
        [.. drawing.Descendants().Where(shape => shape.Name.LocalName == "text").Select(shape => shape.Value)];

    private static (double X, double Y, double Right, double Bottom) Box(XElement shape)
    {
        double x = Number("x"), y = Number("y");
        return (x, y, x + Number("width"), y + Number("height"));

        double Number(string name) => double.Parse(shape.Attribute(name)!.Value, System.Globalization.CultureInfo.InvariantCulture);
    }
}

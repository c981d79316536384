using System.Globalization;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Explanations;
using GpuCnn.Models;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Plans;
using NUnit.Framework;

namespace GpuCnn.Tests.Golden;

/// <summary>Compares Grad-CAM with PyTorch's autograd on torchvision's networks in float64 (make_gradcam.py).</summary>
public sealed class GradCamTests
{
    private const int Classes = 7, Images = 2;
    private const double Allowed = 1e-4;
    private const string Prefix = "gradcam-", Heat = ".heat", Gradient = ".gradient";

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Golden");

    public static IEnumerable<TestCaseData> Runs =>
        from file in Directory.EnumerateFiles(Folder, $"{Prefix}*.safetensors").Order(StringComparer.Ordinal)
        let name = Path.GetFileNameWithoutExtension(file)[Prefix.Length..]
        from device in DeviceUnderTest.All
        where device.Name.StartsWith("cpu (2", StringComparison.Ordinal) || device.Family is "opencl" or "opencl-c" or "cuda" or "cuda-c"
        select new TestCaseData(name, device).SetArgDisplayNames(name, device.Name);

    [TestCaseSource(nameof(Runs))]
    public void EqualsAutogradOfTorchvision(string name, DeviceUnderTest test)
    {
        using SafetensorsFile golden = SafetensorsFile.Open(Path.Combine(Folder, $"{Prefix}{name}.safetensors"));
        int side = int.Parse(golden.Metadata["side"], CultureInfo.InvariantCulture);
        Network network = Architecture.Find(name).Build(Shape.Volume(3, side, side), Classes);
        using Device device = test.Make();
        using ParameterStore parameters = device.CreateParameters(network, training: false);
        parameters.Initialize(seed: 0);
        Parameter[] drawn = [.. network.Parameters.Where(parameter => parameter.Spec.Dimensions.Count > 0)
            .OrderBy(parameter => parameter.Path, StringComparer.Ordinal)];
        for (int i = 0; i < drawn.Length; i++) parameters.SetWeights(drawn[i], Start(drawn[i], (ulong)i));
        var batch = new Batch(network.Input, Images) { Count = Images };
        var images = new float[batch.Images.Length];
        Formula.Uniform(1_000_000, images);
        batch.SetChannelsFirst(images);
        int[] classes = [.. golden.ReadTensor("classes").Values.Select(value => (int)value)];

        string[] layers = [.. golden.Entries.Select(entry => entry.Name).Where(entry => entry.EndsWith(Heat, StringComparison.Ordinal))
            .Select(entry => entry[..^Heat.Length])];
        Assert.That(layers, Is.Not.Empty);
        foreach (string layer in layers)
        {
            Node node = Activations.FindLayer(network, layer);
            using var plan = new Plan(parameters, new() { Images = Images, GradientOf = node.Output });
            plan.Differentiate(batch, classes);
            Compare("logits", plan.ReadValue(network.Output).Values);
            Tensor maps = plan.ReadValue(node.Output), gradient = plan.ReadGradient();
            Shape shape = node.Output.Shape;
            Compare(layer + Gradient, [.. gradient.Values.Chunk(shape.Area).Select(map => map.Average())]);
            IEnumerable<float[]> heat = Enumerable.Range(0, Images)
                .Select(image => GradCam.Weigh(Of(maps, image), Of(gradient, image), shape));
            Compare(layer + Heat, [.. heat.SelectMany(values => values)]);

            Tensor Of(Tensor all, int image) =>
                new([1, shape.Channels, shape.Height, shape.Width], all.Values[(image * shape.Count)..((image + 1) * shape.Count)]);
        }
        Assert.That(layers, Has.Member(Activations.NameOf(GradCam.LastMaps(network))), "the layer that is taken by default");

        void Compare(string tensor, float[] actual)
        {
            double[] expected = Numbers.ToDouble(golden.ReadTensor(tensor).Values);
            Closeness.Check($"{name} on {test}: {tensor}", actual, expected, Allowed * expected.Max(Math.Abs));
        }
    }

    private static Tensor Start(Parameter parameter, ulong stream)
    {
        var tensor = new Tensor([.. parameter.Spec.Dimensions]);
        bool isVector = tensor.Dimensions.Count == 1;
        bool isScale = parameter.Node.Operator is BatchNorm2d && parameter.Spec.Name == "weight";
        float middle = isVector && (isScale || parameter.Spec.Name == "running_var") ? 1 : 0;
        float bound = isVector
            ? 0.125f
            : (float)Math.Sqrt(6.0 / tensor.Dimensions.Skip(1).Aggregate(1, (product, dimension) => product * dimension));
        Formula.Uniform(stream, tensor.Values);
        for (int i = 0; i < tensor.Values.Length; i++) tensor.Values[i] = middle + bound * tensor.Values[i];
        return tensor;
    }
}

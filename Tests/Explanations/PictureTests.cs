using GpuCnn.Data;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Explanations;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Plans;
using NUnit.Framework;

namespace GpuCnn.Tests.Explanations;

/// <summary>Heat maps, filters and patches.</summary>
public sealed class PictureTests
{
    private static IEnumerable<DeviceUnderTest> Devices =>
        DeviceUnderTest.All.Where(device => !device.Name.StartsWith("cpu (1", StringComparison.Ordinal));

    /// <summary>A class that is the brightness of the image's upper left quarter, and one that is constant.</summary>
    private static Model MakeQuarterModel(Device device)
    {
        Model model = Model.Create(new Sequential
        {
            { "conv", new Conv2d(1, 1) { WeightInitializer = Initializer.Constant(1) } }, { "relu", new ReLU() },
            { "bins", new AdaptiveAvgPool2d(2, 2) }, new Flatten(),
            { "fc", new Linear(2) { WeightInitializer = Initializer.Values([3, 0, 0, 0, 0, 0, 0, 0]) } },
        }, Shape.Volume(1, 12, 12), ["quarter", "none"], device);
        return model;
    }

    [TestCaseSource(nameof(Devices))]
    public void HeatLiesWhereTheClassComesFrom(DeviceUnderTest test)
    {
        using TemporaryFolder folder = new();
        string file = folder["white.png"];
        var white = new PixelImage(12, 12, 1);
        white.Pixels.AsSpan().Fill(255);
        ImageFile.Write(file, white);
        using Device device = test.Make();
        using Model model = MakeQuarterModel(device);

        HeatMap occluded = model.Occlusion(file, 0, patch: 3, stride: 2);
        Assert.That((occluded.Rows, occluded.Columns, occluded.Class), Is.EqualTo((12, 12, 0)));
        Assert.That(occluded.At(0, 0), Is.GreaterThan(0.01), "the quarter");
        Assert.That(occluded.At(11, 11), Is.EqualTo(0).Within(1e-6));
        Assert.That(occluded.At(2, 11), Is.EqualTo(0).Within(1e-6));
        Assert.That(model.Occlusion(file, 1, patch: 3, stride: 2).At(0, 0), Is.LessThan(-0.01), "the other class gains");
        Assert.That(model.Occlusion(file, patch: 3, stride: 2, batch: 5).Values,
            Is.EqualTo(occluded.Values).Within(1e-5), "another batch, and the most probable class");

        HeatMap grad = model.GradCam(file);
        Assert.That((grad.Class, grad.Rows), Is.EqualTo((0, 12)));
        // One map, whose mean gradient is 3 / 36 in a quarter of it.
        Assert.That(grad.Values, Is.All.EqualTo(3f / 36 / 4).Within(1e-6));
        Assert.That(model.GradCam(file, 1).Values, Is.All.Zero);
        Assert.That(model.GradCam(file, layer: "bins").Values, Is.All.EqualTo(3f / 4).Within(1e-6));
        PixelImage drawn = grad.Draw();
        Assert.That((drawn.Width, drawn.Height, drawn.Channels), Is.EqualTo((12, 12, 3)));

        OneLine.Thrown(() => model.GradCam(file, 2), "class '2'", "quarter, none");
        OneLine.Thrown(() => model.GradCam(file, layer: "fc"), "fc (Linear)", "vector");
        OneLine.Thrown(() => model.GradCam(file, layer: "nothing"), "no layer 'nothing'");
        OneLine.Thrown(() => model.Occlusion(file, patch: 13), "1 to 12", "13");
        OneLine.Thrown(() => model.Occlusion(file, patch: 4, stride: 5), "1 to 4", "5");
        OneLine.Thrown(() => model.Explain(folder["missing.png"]), "missing.png");
        OneLine.Thrown(() => model.Explain(folder.Path), "is a folder");
    }

    /// <summary>torch.nn.functional.interpolate(bilinear, align_corners=False) of [[1, 2], [3, 5]] to 4 x 4.</summary>
    [Test]
    public void HeatIsScaledAsPyTorchInterpolates()
    {
        var heat = new HeatMap(new PixelImage(4, 4, 1), 0, 2, 2, [1, 2, 3, 5]);
        double[] expected = [1, 1.25, 1.75, 2, 1.5, 1.8125, 2.4375, 2.75, 2.5, 2.9375, 3.8125, 4.25, 3, 3.5, 4.5, 5];
        for (int i = 0; i < 16; i++) Assert.That(heat.At(i / 4, i % 4), Is.EqualTo(expected[i]).Within(1e-6), $"{i}");
    }

    [TestCase(10, 3, 2, new[] { 0, 2, 4, 6, 7 })]
    [TestCase(10, 4, 2, new[] { 0, 2, 4, 6 })]
    [TestCase(10, 10, 10, new[] { 0 })]
    [TestCase(5, 1, 1, new[] { 0, 1, 2, 3, 4 })]
    public void SquaresHideEveryPixel(int side, int patch, int stride, int[] starts)
    {
        var input = Shape.Volume(2, side, side);
        var grid = new OcclusionGrid(input, patch, stride);
        Assert.That(grid.Tops, Is.EqualTo(starts));
        Assert.That(grid.Spread([.. Enumerable.Repeat(0.5, grid.Count)]), Is.All.EqualTo(0.5f));
        float[] image = [.. Enumerable.Repeat(1f, input.Count)];
        grid.Hide(image, grid.Count - 1);
        for (int i = 0; i < image.Length; i++)
        {
            bool isHidden = i / 2 / side >= side - patch && i / 2 % side >= side - patch;
            Assert.That(image[i], Is.EqualTo(isHidden ? 0 : 1), $"{i}");
        }
    }

    [Test]
    public void FiltersAreDrawnForAnyNumberOfChannels([Values(1, 2, 3, 5)] int channels)
    {
        var weights = new Tensor(4, channels, 3, 2);
        // The first filter is zero; the others grow from the first weight to the last.
        for (int i = weights.Values.Length / 4; i < weights.Values.Length; i++) weights.Values[i] = i % (channels * 6) - 3 * channels;
        PixelImage sheet = FilterSheet.Draw(weights, Shape.Volume(channels, 8, 8));
        const int Enlarged = 64 / 3, Width = 2 * Enlarged, Height = 3 * Enlarged, Gap = 2;
        int columns = channels is 1 or 3 ? 2 : channels, rows = channels is 1 or 3 ? 2 : 4;
        Assert.That((sheet.Width, sheet.Height, sheet.Channels),
            Is.EqualTo((columns * (Width + Gap) - Gap, rows * (Height + Gap) - Gap, channels == 3 ? 3 : 1)));
        Assert.That(sheet.Pixels[0], Is.EqualTo(128), "0 is mid gray");
        int second = channels is 1 or 3 ? Width + Gap : (Height + Gap) * sheet.Width;
        Assert.That(sheet.Pixels[second * sheet.Channels], Is.Zero, "the most negative weight is black");
    }

    [Test]
    public void UnitsOfAFirstFullyConnectedLayerAreDrawnAsImages()
    {
        using var device = new CpuDevice(1);
        Layer layers = new Sequential { new Flatten(), { "fc", new Linear(2) } };
        using Model model = Model.Create(layers, Shape.Volume(3, 8, 9), ["a", "b"], device);
        PixelImage sheet = model.DrawFilters();
        Assert.That((sheet.Channels, sheet.Height), Is.EqualTo((3, 8 * 7)));
    }

    /// <summary>A change outside the region changes nothing; one at each of its corners does.</summary>
    [TestCase("conv1", 3, 5)]
    [TestCase("pool1", 2, 2)]
    [TestCase("block.add", 1, 4)]
    [TestCase("pool3", 1, 1)]
    public void ARegionHoldsAllPixelsThatCount(string layer, int row, int column)
    {
        Layer layers = new Sequential
        {
            { "conv1", new Conv2d(8, 3, padding: 1) }, { "pool1", new AvgPool2d(3, 2, 1) },
            { "block", new Residual(new Sequential { { "conv", new Conv2d(8, 3, padding: 1) } }) },
            { "pool3", new AvgPool2d(2, 2) }, new Flatten(), { "fc", new Linear(4) },
        };
        Shape input = Shape.Volume(1, 20, 24);
        using var device = new CpuDevice(1);
        using var test = new TestNetwork(device, layers, input, new() { Images = 1, KeepsValues = true });
        test.Parameters.Initialize(1);
        Node node = test.Network.Graph.Nodes.Single(other => other.Path == layer);
        InputRegion region = InputRegion.Of(test.Network, node.Output, row, column);
        float[] Read()
        {
            test.Plan.Infer(test.Batch);
            Tensor output = test.Plan.ReadValue(node.Output);
            int area = node.Output.Shape.Area, index = row * node.Output.Shape.Width + column;
            return [.. Enumerable.Range(0, output.Values.Length / area).Select(map => output.Values[map * area + index])];
        }
        float[] before = Read();
        for (int y = 0; y < 20; y++)
        {
            for (int x = 0; x < 24; x++)
            {
                float kept = test.Batch.Images[y * 24 + x];
                test.Batch.Images[y * 24 + x] += 10;
                bool isInside = y >= region.Top && y < region.Bottom && x >= region.Left && x < region.Right;
                Assert.That(Read().SequenceEqual(before), Is.EqualTo(!isInside), $"{y},{x} and {region}");
                test.Batch.Images[y * 24 + x] = kept;
            }
        }
    }

    [Test]
    public void PatchesAreThoseOfTheLargestValues()
    {
        using TemporaryFolder folder = new();
        string data = Cli.TinyData.Write(folder);
        using var device = new CpuDevice(1);
        using Model model = Model.Create(new Sequential
        {
            { "conv", new Conv2d(5, 3, padding: 1) }, new ReLU(), new GlobalAvgPool2d(), new Flatten(), { "fc", new Linear(3) },
        }, Shape.Volume(3, 16, 16), Cli.TinyData.Classes, device);
        TopPatches patches = model.FindTopPatches("conv", ImageData.Open(data));
        string[] files = [.. Directory.GetFiles(folder["data", "val"], "*.png", SearchOption.AllDirectories)];
        Assert.That(patches.Images, Is.EqualTo(files.Length));
        Assert.That(patches.Maps, Has.Count.EqualTo(5));
        for (int map = 0; map < 5; map++)
        {
            float[] expected = [.. files.Select(file => model.Explain(file).Of("conv").Values[(map * 256)..((map + 1) * 256)].Max())
                .OrderDescending().Take(TopPatches.PerMap)];
            Assert.That(patches.Maps[map].Select(patch => patch.Value), Is.EqualTo(expected).Within(1e-5));
            ExcitingPatch best = patches.Maps[map][0];
            Assert.That(model.Explain(best.Image).Explain("conv", map, (best.Row, best.Column)).Value, Is.EqualTo(best.Value).Within(1e-5));
            // 3 x 3 pixels, enlarged.
            Assert.That((best.Picture.Width, best.Picture.Height), Is.EqualTo((63, 63)));
            PixelImage image = ImageFile.Read(best.Image);
            for (int y = 0; y < 3; y++)
            {
                for (int x = 0; x < 3; x++)
                {
                    int row = best.Row - 1 + y, column = best.Column - 1 + x;
                    bool isInside = row is >= 0 and < 16 && column is >= 0 and < 16;
                    Assert.That(best.Picture.Row(y * 21)[x * 21 * 3], Is.EqualTo(isInside ? image.Row(row)[column * 3] : 128));
                }
            }
        }
        OneLine.Thrown(() => model.FindTopPatches("conv2", ImageData.Open(data)), "no layer 'conv2'", "near: conv");
    }

    [TestCase("cta", "class 'cta'", "4: cat, dog, 2nd, 0")]
    [TestCase("4", "cat, dog, 2nd")]
    [TestCase("-1", "cat, dog, 2nd")]
    [TestCase("", "class ''")]
    public void AClassThatDoesNotExistIsNamedWithNearOnes(string name, params string[] parts)
    {
        using var device = new CpuDevice(1);
        using Model model = Model.Create(new Sequential { new Flatten(), { "fc", new Linear(4) } }, Shape.Volume(1, 2, 2),
            ["cat", "dog", "2nd", "0"], device);
        OneLine.Thrown(() => model.FindClass(name), parts);
        string[] many = [.. Enumerable.Range(0, 50).Select(index => $"breed number {index}")];
        Assert.That(new UnknownClassException("bred number 7", many).Message, Does.Contain("; near: breed number 7"));
        Assert.That(new UnknownClassException("x", many).Message, Does.EndWith("'x' among the model's 50; indices are 0 to 49."));
        Assert.That(model.FindClass("dog"), Is.EqualTo(1));
        Assert.That(model.FindClass("2"), Is.EqualTo(2));
        Assert.That(model.FindClass("0"), Is.EqualTo(3), "a name goes before an index");
    }
}

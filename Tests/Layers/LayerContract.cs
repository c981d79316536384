using GpuCnn.Engine;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Layers;

/// <summary>
/// Rules that hold for every layer on every device. A layer's own tests derive from this and list its cases; a layer without tests is
/// itself a failure (<see cref="CoverageTests"/>).
/// </summary>
public abstract class LayerContract<TFixture, TLayer> where TFixture : ILayerFixture where TLayer : Operator
{
    private readonly Dictionary<DeviceUnderTest, Device> _devices = [];

    public static IEnumerable<TestCaseData> Placed =>
        from layer in TFixture.Cases
        from place in Enum.GetValues<Place>()
        select new TestCaseData(layer, place).SetArgDisplayNames(layer.Name, place.ToString());

    public static IEnumerable<TestCaseData> EachCase =>
        TFixture.Cases.Select(layer => new TestCaseData(layer).SetArgDisplayNames(layer.Name));

    /// <summary>Cases with parameters.</summary>
    public static IEnumerable<TestCaseData> EachTrained => EachCase.Where(test => LayerRun.HasParameters((LayerCase)test.Arguments[0]!));

    public static IEnumerable<TestCaseData> EachMisfit =>
        TFixture.Misfits.Select(misfit => new TestCaseData(misfit).SetArgDisplayNames(misfit.Input.ToString(), misfit.Mentions[0]));

    [OneTimeSetUp]
    public void MakeDevices()
    {
        foreach (DeviceUnderTest device in DeviceUnderTest.All) _devices.Add(device, device.Make());
    }

    [OneTimeTearDown]
    public void DisposeDevices()
    {
        foreach (Device device in _devices.Values) device.Dispose();
    }

    [TearDown]
    public void NothingIsLeftAllocated()
    {
        foreach ((DeviceUnderTest name, Device device) in _devices)
            Assert.That(device.AllocatedBytes, Is.Zero, $"bytes still allocated on {name}");
    }

    [TestCaseSource(nameof(Placed))]
    public void MatchesTheReference(LayerCase layer, Place place)
    {
        foreach (int images in layer.Batches)
        {
            (float[] x, float[][] parameters) = Inputs(layer, images, Numbers.Eighths);
            Extent input = Extent.Of(images, layer.Input);
            ReferenceLayer reference = layer.ReferenceAt(place == Place.Inner ? 1 : 0);
            double[] wideX = Numbers.ToDouble(x);
            double[][] wideParameters = Wide(layer, parameters, state: false);
            double[][] state = reference.NextState(input, wideX, Wide(layer, parameters, state: true));
            double[] y = reference.Forward(input, wideX, wideParameters);
            Gradients gradients =
                reference.Backward(input, wideX, wideParameters, [.. y.Select((_, i) => (double)ProjectionLoss.Weight(i))]);
            int terms = reference.LongestSum(input);
            foreach ((DeviceUnderTest test, Device device) in _devices)
            {
                using var run = new LayerRun(device, layer.Layer, layer.Input, place, images);
                LayerResult result = run.Run(x, parameters);
                Check("output", result.Output, y);
                if (result.InputGradient is not null) Check("input gradient", result.InputGradient, gradients.Input);
                Assert.That(result.ParameterGradients, Has.Length.EqualTo(gradients.Parameters.Length));
                for (int i = 0; i < gradients.Parameters.Length; i++)
                    Check($"gradient of parameter {i}", result.ParameterGradients[i], gradients.Parameters[i]);
                Assert.That(result.State, Has.Length.EqualTo(state.Length));
                for (int i = 0; i < state.Length; i++) Check($"state {i}", result.State[i], state[i]);
                Assert.That(run.LargestGradientPastC, Is.Zero, $"{layer} x {images} on {test}: gradient past the last channel");
                Assert.That(device.AllocatedBytes, Is.EqualTo(run.PredictedBytes), $"{layer} x {images} on {test}: bytes used");

                void Check(string what, float[] actual, double[] expected) => Closeness.Check(
                    $"{layer} x {images}, {place}, on {test}: {what}", actual, expected,
                    layer.IsExact && test.AddsExactly ? 0 : Closeness.Tolerance(terms, test.Rounding, expected, layer.LeastScale));
            }
        }
    }

    [TestCaseSource(nameof(EachCase))]
    public void TheReferenceMatchesFiniteDifferences(LayerCase layer)
    {
        const int images = 2;
        const double h = 1e-6;
        (float[] x, float[][] parameters) = Inputs(layer, images, Numbers.Reals);
        Extent input = Extent.Of(images, layer.Input);
        ReferenceLayer reference = layer.ReferenceAt(0);
        double[][] point = [Numbers.ToDouble(x), .. Wide(layer, parameters, state: false)];
        double[] dy = Numbers.ToDouble(Numbers.Reals(reference.Output(input).Count, seed: 99));
        Gradients gradients = reference.Backward(input, point[0], point[1..], dy);
        double[][] analytic = [gradients.Input, .. gradients.Parameters];
        for (int i = 0; i < point.Length; i++)
        {
            // Along a random direction every component counts; float64 leaves an error of about 1e-9 of the sum of magnitudes.
            double[] start = point[i], direction = Numbers.ToDouble(Numbers.Reals(start.Length, seed: 100 + i));
            double difference = (Projected(h) - Projected(-h)) / (2 * h);
            double expected = start.Select((_, j) => analytic[i][j] * direction[j]).Sum();
            double tolerance = 1e-6 * (1 + start.Select((_, j) => Math.Abs(analytic[i][j] * direction[j])).Sum());
            Assert.That(difference, Is.EqualTo(expected).Within(tolerance), $"{layer}: {(i == 0 ? "input" : $"parameter {i - 1}")}");

            double Projected(double along)
            {
                point[i] = [.. start.Select((value, j) => value + along * direction[j])];
                double result = reference.Forward(input, point[0], point[1..]).Select((value, j) => value * dy[j]).Sum();
                point[i] = start;
                return result;
            }
        }
    }

    /// <summary>Runs again with other threads, and after a batch that leaves NaN in every buffer it can reach.</summary>
    [TestCaseSource(nameof(Placed))]
    public void RunningAgainGivesTheSameBits(LayerCase layer, Place place)
    {
        int images = layer.Batches[^1];
        (float[] x, float[][] parameters) = Inputs(layer, images, Numbers.Reals);
        float[] nothing = [.. Enumerable.Repeat(float.NaN, x.Length)];
        var first = new Dictionary<string, LayerResult>();
        foreach ((DeviceUnderTest test, Device device) in _devices)
        {
            using var run = new LayerRun(device, layer.Layer, layer.Input, place, images);
            LayerResult result = run.Run(x, parameters);
            if (!first.TryAdd(test.Family, result)) CheckSame($"{test} and others of {test.Family}", result, first[test.Family]);
            run.Run(nothing, parameters);
            CheckSame($"{test}, after other values", run.Run(x, parameters), result);
        }

        void CheckSame(string what, LayerResult actual, LayerResult expected)
        {
            foreach (((string name, float[] a), (string _, float[] e)) in actual.Tensors().Zip(expected.Tensors()))
                Closeness.CheckSameBits($"{layer} x {images}, {place}, on {what}: {name}", a, e);
        }
    }

    [TestCaseSource(nameof(EachTrained))]
    public void ReturnsTheWeightsThatWereSet(LayerCase layer)
    {
        foreach (Place place in new[] { Place.First, Place.Inner })
            foreach ((DeviceUnderTest test, Device device) in _devices)
            {
                (float[] _, float[][] parameters) = Inputs(layer, layer.Batches[0], Numbers.Reals);
                using var run = new LayerRun(device, layer.Layer, layer.Input, place, layer.Batches[0]);
                run.Set(parameters);
                foreach ((float[] actual, float[] expected) in run.Get().Zip(parameters))
                    Closeness.CheckSameBits($"{layer}, {place}, on {test}", actual, expected);
            }
    }

    /// <summary>
    /// Trained weights, brought to another store, give the same results: nothing but the weights was trained. (Stored numbers that stand
    /// for no weight must stay zero.)
    /// </summary>
    [TestCaseSource(nameof(EachTrained))]
    public void TrainingChangesOnlyTheWeights(LayerCase layer)
    {
        const int images = 3;
        (float[] x, float[][] parameters) = Inputs(layer, images, Numbers.Reals);
        foreach ((DeviceUnderTest test, Device device) in _devices)
        {
            using var trained = new LayerRun(device, layer.Layer, layer.Input, Place.Inner, images, new Sgd());
            using var fresh = new LayerRun(device, layer.Layer, layer.Input, Place.Inner, images);
            trained.Set(parameters);
            trained.Train(x, steps: 2);
            float[][] weights = trained.Get();
            Assert.That(
                weights.SelectMany(values => values), Is.Not.EqualTo(parameters.SelectMany(values => values)),
                $"{layer} on {test}: weights after training");
            Closeness.CheckSameBits($"{layer} on {test}: output", trained.Infer(x), fresh.Run(x, weights).Output);
        }
    }

    [TestCaseSource(nameof(EachMisfit))]
    public void MisfitNamesLayerAndInput(Misfit misfit)
    {
        string message = Assert.Throws<GpuCnnException>(() => _ = new Network("test", misfit.Layer(), misfit.Input))!.Message;
        Assert.That(message, Does.StartWith(typeof(TLayer).Name).And.Contain("expects").And.Contain("got")
            .And.Contain(misfit.Input.ToString()));
        Assert.That(message, Does.Not.Contain("\n"));
        foreach (string mention in misfit.Mentions) Assert.That(message, Does.Contain(mention));
    }

    private static (float[] X, float[][] Parameters) Inputs(LayerCase layer, int images, Func<int, int, float, float[]> draw) =>
        (draw(images * layer.Input.Count, 1, layer.Limit), LayerRun.Draw(layer, draw));

    /// <summary>Returns the values of parameters with gradients, or of state, in float64.</summary>
    private static double[][] Wide(LayerCase layer, float[][] parameters, bool state)
    {
        IReadOnlyList<Parameter> all = new Network("test", layer.Layer(), layer.Input).Parameters;
        return [.. parameters.Where((_, i) => all[i].IsState == state).Select(Numbers.ToDouble)];
    }
}

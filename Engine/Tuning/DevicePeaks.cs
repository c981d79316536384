using System.Diagnostics;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Tuning;

/// <summary>What bounds the time of steps in the roofline model (Williams et al., 2009, https://doi.org/10.1145/1498765.1498785).</summary>
public enum StepBound
{
    /// <summary>The peak of operations allows less than that of memory.</summary>
    Arithmetic,

    /// <summary>The peak of memory allows less than that of operations.</summary>
    Memory,

    /// <summary>
    /// The steps take more than <see cref="DevicePeaks.OverheadFactor"/> times as long as either peak allows: launching and waiting, or
    /// work
    /// that keeps few of the device's units busy.
    /// </summary>
    Overhead,
}

/// <summary>
/// The rates that a device reached in two short measurements with this library's own kernels: a matrix product, and a pass that reads and
/// writes a tensor. A step may exceed them: data that lie in caches move faster, and Winograd's algorithm multiplies less often than is
/// counted.
/// </summary>
/// <param name="ProductSize">Rows, columns and depth of the fastest product.</param>
/// <param name="TensorBytes">Bytes of the tensor that was read, and of the one that was written.</param>
public sealed record DevicePeaks(double OperationsPerSecond, int ProductSize, double BytesPerSecond, long TensorBytes)
{
    /// <summary>Beyond this factor neither peak explains the time.</summary>
    public const double OverheadFactor = 10;

    private const string Product = "product", Copy = "copy";

    private const int FewestRows = 64, MostRows = 4096, Channels = 8, Side = 64, FewestImages = 8, MostImages = 2048, Repetitions = 3;

    // A shorter measurement is mostly the launch.
    private const double LongEnough = 0.02, Short = 0.001;
    private const int RepeatsOfShort = 10;

    /// <summary>Measures a device. Sizes grow until a run takes 20 ms, or to what the memory holds.</summary>
    /// <param name="precision">That of the product. The pass moves float32, for memory moves bytes.</param>
    public static DevicePeaks Measure(Device device, Precision precision = Precision.Float32)
    {
        var (operations, size) = (0.0, FewestRows);
        for (int rows = FewestRows; rows <= MostRows; rows *= 2)
        {
            var layers = new Sequential();
            // A network's input and output are float32.
            if (precision == Precision.BFloat16) layers.Add("before", new Linear(rows, bias: false));
            layers.Add(Product, new Linear(rows, bias: false));
            if (precision == Precision.BFloat16) layers.Add("after", new Linear(FewestRows, bias: false));
            if (Seconds(device, new(Product, layers, Shape.Vector(rows)), rows, precision) is not { } seconds) break;
            double rate = 2.0 * rows * rows * rows / seconds;
            if (rate > operations) (operations, size) = (rate, rows);
            if (seconds >= LongEnough) break;
        }
        var (bandwidth, bytes) = (0.0, 0L);
        for (int images = FewestImages; images <= MostImages; images *= 4)
        {
            var layers = new Sequential { { Copy, new ReLU() } };
            if (Seconds(device, new(Copy, layers, Shape.Volume(Channels, Side, Side)), images) is not { } seconds) break;
            // The largest counts, for small tensors stay in caches.
            bytes = (long)sizeof(float) * images * Channels * Side * Side;
            bandwidth = 2 * bytes / seconds;
            if (seconds >= LongEnough) break;
        }
        return new(operations, size, bandwidth, bytes);
    }

    /// <summary>Returns the part of a layer's time that the peaks explain; above 1 where it exceeds them.</summary>
    public double ShareOf(LayerTime layer) => Math.Max(ArithmeticSeconds(layer), MemorySeconds(layer)) / layer.Seconds;

    /// <summary>Returns what bounds a layer's time.</summary>
    public StepBound BoundOf(LayerTime layer) => ShareOf(layer) * OverheadFactor < 1 ? StepBound.Overhead
        : ArithmeticSeconds(layer) >= MemorySeconds(layer) ? StepBound.Arithmetic : StepBound.Memory;

    private double ArithmeticSeconds(LayerTime layer) => layer.Operations / OperationsPerSecond;

    private double MemorySeconds(LayerTime layer) => layer.Bytes / BytesPerSecond;

    /// <summary>Measures the layer that has the network's name; null where the device's memory does not hold it.</summary>
    private static double? Seconds(Device device, Network network, int images, Precision precision = Precision.Float32)
    {
        try
        {
            using ParameterStore parameters = device.CreateParameters(network, training: false);
            using var plan = new Plan(parameters, new() { Images = images, KeepsBuffers = true, Precision = precision });
            plan.CheckMemory();
            parameters.Initialize(seed: 1);
            Batch batch = SyntheticBatch.Of(network, images);
            plan.Infer(batch);
            plan.Finish();
            PlanPart layer = plan.Parts.Single(part => part.Node?.Name == network.Name);
            double once = Time(1);
            int repeats = once < Short ? RepeatsOfShort : 1;
            return Math.Min(once, Enumerable.Range(0, Repetitions).Min(_ => Time(repeats)));

            double Time(int times)
            {
                long start = Stopwatch.GetTimestamp();
                for (int i = 0; i < times; i++) plan.Repeat(layer.First, layer.End);
                plan.Finish();
                return Math.Max(1, Stopwatch.GetTimestamp() - start) / (double)Stopwatch.Frequency / times;
            }
        }
        catch (DeviceOutOfMemoryException)
        {
            return null;
        }
    }
}

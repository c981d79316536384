using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Normalization;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// What norms over the images of all ranks exchange: once forward, the moments of each rank's images, and once backward, the sums that the
/// input's gradient needs. Both are merged in the order of the ranks, so that all have the same bits.
/// </summary>
internal static class BatchNormRanks
{
    /// <summary>Returns the moments of all ranks: [ranks][Blocks][<see cref="BlockMoments.Size"/>].</summary>
    public static unsafe DeviceBuffer<double> ExchangeMoments(CpuEmitter emitter, CpuBatchNormShape shape, CpuMoments moments)
    {
        long count = (long)shape.Blocks * BlockMoments.Size;
        DeviceBuffer<double> own = emitter.Workspace<double>("rank moments", count);
        DeviceBuffer<double> all = emitter.Workspace<double>("moments of ranks", count * emitter.NormRanks);
        emitter.Launch("rank moments", l => new CpuBatchNormRankMoments(shape, moments.Count, l.Read(moments.Parts), l.Write(own)));
        emitter.Exchange("exchange", own, all);
        return all;
    }

    /// <summary>Returns the moments of all ranks: [ranks][4][channels], see <see cref="BatchNormRankMoments"/>.</summary>
    /// <param name="area">Pixels of a map.</param>
    public static DeviceBuffer<float> ExchangeMoments(GpuEmitter emitter, int area, int channels, GpuMoments moments)
    {
        DeviceBuffer<float> own = emitter.Workspace<float>("rank moments", 4L * channels);
        DeviceBuffer<float> all = emitter.Workspace<float>("moments of ranks", 4L * channels * emitter.NormRanks);
        emitter.Launch("rank moments", l => l.Add(new BatchNormRankMoments(
            l.Read(emitter.Scalars), l.Read(moments.Parts), l.Write(own), area, channels, moments.Rows, moments.Count)));
        emitter.Exchange("exchange", own, all);
        return all;
    }

    /// <summary>
    /// Emits the gradients of weight and bias: the rank's own, which are summed with all other gradients, and their sums over the ranks.
    /// </summary>
    /// <param name="sums">[splits][2][Blocks * 8] as <see cref="CpuBatchNormGradientSums"/> writes them.</param>
    /// <param name="inverses">Place of the inverse deviations in <paramref name="statistics"/>.</param>
    public static unsafe void EmitParameterGradients(
        CpuEmitter emitter, CpuBatchNormShape shape, DeviceBuffer<double> sums, DeviceBuffer<float> statistics, int inverses,
        BatchNormGradients own, BatchNormGradients ofRanks)
    {
        int count = 2 * shape.Stored, ranks = emitter.NormRanks;
        DeviceBuffer<double> total = emitter.Workspace<double>("rank sums", count);
        DeviceBuffer<double> all = emitter.Workspace<double>("sums of ranks", (long)count * ranks);
        emitter.Launch("rank sums", l => new CpuBatchNormRankSums(shape, l.Read(sums), l.Write(total)));
        emitter.Exchange("gradient exchange", total, all);
        Add("parameter gradients", 1, total, own);
        Add("parameter gradients of ranks", ranks, all, ofRanks);

        void Add(string name, int parts, DeviceBuffer<double> read, BatchNormGradients written) => emitter.Launch(name,
            l => new CpuBatchNormParameterGradients(
                shape, parts, l.Read(read), l.Read(statistics) + inverses, l.Write(written.Weight), l.Write(written.Bias)));
    }

    /// <inheritdoc cref="EmitParameterGradients(CpuEmitter, CpuBatchNormShape, DeviceBuffer{double}, DeviceBuffer{float}, int,
    /// BatchNormGradients, BatchNormGradients)"/>
    /// <param name="sums">[parts][2][channels] as <see cref="BatchNormGradientSums{TFunction}"/> writes them.</param>
    public static void EmitParameterGradients(
        GpuEmitter emitter, int channels, DeviceBuffer<float> sums, int parts, DeviceBuffer<float> statistics, BatchNormGradients own,
        BatchNormGradients ofRanks)
    {
        int ranks = emitter.NormRanks, rank = emitter.Rank;
        DeviceBuffer<float> gradients = emitter.Workspace<float>("rank gradients", 2L * channels);
        DeviceBuffer<float> all = emitter.Workspace<float>("gradients of ranks", 2L * channels * ranks);
        emitter.Launch("rank gradients", l => l.Add(new BatchNormParameterGradients(
            l.Read(sums), l.Read(statistics).Slice(channels), l.Write(gradients).Slice(0, channels), l.Write(gradients).Slice(channels),
            channels, parts)));
        emitter.Exchange("gradient exchange", gradients, all);
        emitter.Launch("parameter gradients", l => l.Add(new BatchNormRankGradients(
            l.Read(all), l.Write(ofRanks.Weight), l.Write(ofRanks.Bias), l.Write(own.Weight), l.Write(own.Bias), channels, ranks, rank)));
    }
}

/// <summary>Gradients of a norm's weight and bias.</summary>
internal readonly record struct BatchNormGradients(DeviceBuffer<float> Weight, DeviceBuffer<float> Bias);

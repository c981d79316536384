using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Optimizers;

/// <summary>
/// Rescales each filter whose root mean square exceeds a limit to that limit (Zeiler and Fergus, 2013, https://arxiv.org/abs/1311.2901). A
/// group takes 32 filters, whose rows its threads share; their sums are added in a fixed order. Memory-bound: 4 bytes a weight, 12 if it is
/// rescaled.
/// </summary>
/// <param name="weights">[groups][rows][filters]; updated.</param>
/// <param name="groups">Groups of the convolution.</param>
/// <param name="rows">Weights in a filter.</param>
/// <param name="filters">Filters in a group.</param>
[Kernel(Width, Slices)]
internal readonly partial struct FilterLimit(View<float> weights, int groups, int rows, int filters, float limit) : IKernelGrid
{
    private const int Width = 32, Slices = 8;

    public Size3 Groups => new(Size3.Groups(filters, Width), groups);

    public void Execute()
    {
        View<float> parts = Shared.Array<float>(Width * Slices);
        int filter = GlobalId.X, first = GroupId.Y * rows * filters + filter;
        float sum = 0;
        if (filter < filters)
        {
            for (int row = ThreadId.Y; row < rows; row += Slices)
            {
                float weight = weights[first + row * filters];
                sum = KernelMath.FusedMultiplyAdd(weight, weight, sum);
            }
        }
        parts[ThreadId.Y * Width + ThreadId.X] = sum;
        Group.Barrier();
        if (filter >= filters) return;
        float total = 0;
        for (int slice = 0; slice < Slices; slice++) total += parts[slice * Width + ThreadId.X];
        float rms = KernelMath.Sqrt(total / rows);
        if (rms <= limit) return;
        float factor = limit / rms;
        for (int row = ThreadId.Y; row < rows; row += Slices) weights[first + row * filters] *= factor;
    }
}

using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Layers;

public sealed class ShortcutATests : LayerContract<ShortcutATests, ShortcutA>, ILayerFixture
{
    public static IEnumerable<LayerCase> Cases =>
        from setting in new (Shape Input, int Channels, int Stride)[]
        {
            (Shape.Volume(16, 8, 8), 32, 2), (Shape.Volume(3, 7, 5), 6, 2), (Shape.Volume(5, 6, 7), 12, 3), (Shape.Volume(8, 3, 4), 8, 1),
            (Shape.Volume(1, 1, 1), 40, 2), (Shape.Volume(13, 5, 5), 17, 2),
        }
        select new LayerCase(
            $"{setting.Input} -> {setting.Channels}, stride {setting.Stride}", () => new ShortcutA(setting.Channels, setting.Stride),
            setting.Input,
            new ReferenceShortcutA(setting.Channels, setting.Stride))
        { IsExact = true, Batches = [1, 3] };

    public static IEnumerable<Misfit> Misfits =>
        [new(() => new ShortcutA(16, 2), Shape.Vector(8), "vector"), new(() => new ShortcutA(16, 2), Shape.Volume(17, 4, 4), "at most 16")];
}

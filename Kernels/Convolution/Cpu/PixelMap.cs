namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>
/// Positions of the pixels of a group of images: for each output pixel, the offset of its first tap in the input and of its first channel
/// in the output, in floats from the group's first image. Small maps are processed several images at a time, so that they fill the tiles.
/// </summary>
internal sealed class PixelMap
{
    public PixelMap(
        int images, int pixelsPerImage, Func<int, int> input, int inputImageStride, Func<int, int> target, int targetImageStride)
    {
        ImagesPerGroup = images;
        PixelsPerImage = pixelsPerImage;
        InputImageStride = inputImageStride;
        TargetImageStride = targetImageStride;
        Inputs = GC.AllocateUninitializedArray<int>(checked(images * pixelsPerImage), pinned: true);
        Targets = GC.AllocateUninitializedArray<int>(images * pixelsPerImage, pinned: true);
        for (int pixel = 0; pixel < pixelsPerImage; pixel++)
        {
            int from = input(pixel), to = target(pixel);
            for (int image = 0; image < images; image++)
            {
                Inputs[image * pixelsPerImage + pixel] = checked(image * inputImageStride + from);
                Targets[image * pixelsPerImage + pixel] = checked(image * targetImageStride + to);
            }
        }
    }

    public int ImagesPerGroup { get; }

    public int PixelsPerImage { get; }

    public int InputImageStride { get; }

    public int TargetImageStride { get; }

    public int[] Inputs { get; }

    public int[] Targets { get; }
}

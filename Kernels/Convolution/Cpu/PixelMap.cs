namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>
/// Where the pixels of a group of images lie: for each pixel of the output the offset of its first tap in the input and of its first
/// channel in the output, in floats from the group's first image. Small maps are taken several images at a time, so that tiles
/// of pixels fill up.
/// </summary>
public sealed class PixelMap
{
    public PixelMap(int images, int pixelsPerImage, Func<int, int> input, int inputImageStride, Func<int, int> target, int targetImageStride)
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

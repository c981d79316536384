using GpuCnn;

using var model = Model.Load("photos.safetensors");
var result = model.Evaluate(ImageData.Open("photos"), new() { TenCrops = true });
Console.WriteLine($"top-1 {result.Top1:P1}, loss {result.Loss:0.000}, {result.Images} images");

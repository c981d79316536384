using GpuCnn;

using var model = Model.Resume("runs/photos", new() { Epochs = 3 });
Console.WriteLine($"{model.Evaluate(ImageData.Open("photos")).Images} images evaluated");
model.Save("photos.safetensors");
